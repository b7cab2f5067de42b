import type { Heartbeat } from './messages.js';

/** Heartbeats to and from one member, and the round trip that they measure. */
export class HeartbeatExchange {
  #spokenAt = Number.NEGATIVE_INFINITY;
  #rttMs: number | null = null;
  /** Its last heartbeat's clock, and when that came. */
  #heard: { readonly sentAt: number; readonly receivedAt: number } | null = null;

  /** Last round trip measured; null before the first one. */
  get rttMs(): number | null {
    return this.#rttMs;
  }

  /** When it was sent a heartbeat last. */
  get spokenAt(): number {
    return this.#spokenAt;
  }

  spoke(now: number): void {
    this.#spokenAt = now;
  }

  heard({ sentAt, echo }: Heartbeat, now: number): void {
    this.#heard = { sentAt, receivedAt: now };
    if (echo) this.#rttMs = Math.max(0, now - echo.sentAt - echo.heldMs);
  }

  /** What a heartbeat sent now tells of its last one; null where none came on this connection. */
  echo(now: number): Heartbeat['echo'] {
    const heard = this.#heard;
    return heard && { sentAt: heard.sentAt, heldMs: Math.max(0, now - heard.receivedAt) };
  }

  disconnected(): void {
    this.#heard = null;
  }
}
