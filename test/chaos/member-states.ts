/**
 * `joining`: it runs, but not everybody is known to be connected with it again. `draining`: it was asked to end, and
 * serves players meanwhile.
 */
export type MemberState = 'up' | 'joining' | 'stopped' | 'killed' | 'draining';

interface Change {
  readonly atMs: number;
  readonly state: MemberState;
}

/** What each member was when; the harness's own knowledge, not the mesh's. */
export class MemberStates {
  readonly #changes: readonly Change[][];

  constructor(members: number) {
    this.#changes = Array.from({ length: members }, () => [{ atMs: 0, state: 'up' as const }]);
  }

  become(member: number, state: MemberState, atMs: number): void {
    this.#of(member).push({ atMs, state });
  }

  now(member: number): Change {
    return this.#of(member).at(-1) ?? { atMs: 0, state: 'up' };
  }

  isUp(member: number): boolean {
    return this.now(member).state === 'up';
  }

  wasUp(member: number, fromMs: number, toMs: number): boolean {
    return this.#within(member, fromMs, toMs).every(({ state }) => state === 'up');
  }

  /** Up, or draining: its players must miss nothing. */
  wasServing(member: number, fromMs: number, toMs: number): boolean {
    return this.#within(member, fromMs, toMs).every(({ state }) => state === 'up' || state === 'draining');
  }

  /** Whether any member was not up at some time of these. */
  wasAnyDown(fromMs: number, toMs: number): boolean {
    return this.#changes.some((_changes, member) => !this.wasUp(member, fromMs, toMs));
  }

  /** The state at `fromMs` and all later ones until `toMs`. */
  #within(member: number, fromMs: number, toMs: number): readonly Change[] {
    const changes = this.#of(member);
    return changes.filter(
      ({ atMs }, index) => atMs <= toMs && (changes[index + 1]?.atMs ?? Number.POSITIVE_INFINITY) > fromMs,
    );
  }

  #of(member: number): Change[] {
    const changes = this.#changes[member];
    if (changes === undefined) throw new Error(`no member ${member}`);
    return changes;
  }
}
