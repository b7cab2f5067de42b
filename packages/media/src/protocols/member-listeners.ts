import type { Socket } from 'node:net';
import type { MediaListenerName, MediaPorts } from '../media-listeners.js';
import { CertificateStore } from '../tls/certificate-store.js';
import type { TlsOptions } from '../tls/tls-options.js';
import { createFlvListener, type FlvListenerParts } from './http/flv-listener.js';
import type { Listener, PausableListener } from './listener.js';
import { createRtmpListener, type RtmpListenerParts } from './rtmp/rtmp-listener.js';

/** What every listener of a member has. */
export type ListenerParts = Omit<RtmpListenerParts & FlvListenerParts, 'at' | 'certificates'>;

const OFF = { host: '', port: null };

/** All listeners of one member: opened and closed together. */
export class MemberListeners {
  readonly #parts: ListenerParts;
  readonly #listeners = new Map<MediaListenerName, Listener>();
  readonly #rtmp: PausableListener[] = [];
  #certificates: CertificateStore | null = null;
  #ports: MediaPorts;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    const { rtmp, http } = parts.options;
    this.#ports = { rtmp: rtmp.port ?? 0, rtmps: 0, http: http.port ?? 0, https: 0 };
  }

  /** Ports really bound, once they are open. */
  get ports(): MediaPorts {
    return this.#ports;
  }

  /** Rejects with `ListenError` or `CertificateError`; what is open by then is closed by `stop`. */
  async start(): Promise<void> {
    const { options, log } = this.#parts;
    if (options.tls !== undefined) this.#certificates = await CertificateStore.open(options.tls, log);
    const plain = { ...this.#parts, certificates: null };
    const secure = { ...this.#parts, certificates: this.#certificates };
    const rtmps = this.#certificates === null ? OFF : (options.rtmps ?? OFF);
    const https = this.#certificates === null ? OFF : (options.https ?? OFF);
    this.#ports = {
      rtmp: await this.#openRtmp('rtmp', createRtmpListener({ ...plain, at: options.rtmp })),
      rtmps: await this.#openRtmp('rtmps', createRtmpListener({ ...secure, at: rtmps })),
      http: await this.#open('http', createFlvListener({ ...plain, at: options.http })),
      https: await this.#open('https', createFlvListener({ ...secure, at: https })),
    };
  }

  /** Never rejects. */
  async stop(): Promise<void> {
    this.#certificates?.close();
    await Promise.all([...this.#listeners.values()].map((listener) => listener.stop()));
  }

  /** A connection that another process accepted. */
  take(name: MediaListenerName, socket: Socket): void {
    const listener = this.#listeners.get(name);
    if (listener === undefined) socket.destroy();
    else listener.take(socket);
  }

  pauseRtmp(): void {
    for (const listener of this.#rtmp) listener.pause();
  }

  /** Rejects with `ListenError`. */
  async resumeRtmp(): Promise<void> {
    for (const listener of this.#rtmp) await listener.resume();
  }

  /** Other certificates for new connections. Rejects with `CertificateError`, and then nothing changes. */
  async replaceCertificates(certificates: TlsOptions['certificates']): Promise<void> {
    await this.#certificates?.replace(certificates);
  }

  #openRtmp(name: MediaListenerName, listener: PausableListener): Promise<number> {
    this.#rtmp.push(listener);
    return this.#open(name, listener);
  }

  #open(name: MediaListenerName, listener: Listener): Promise<number> {
    this.#listeners.set(name, listener);
    return listener.start();
  }
}
