/** The listeners of media; each may be off. */
export type MediaListenerName = 'rtmp' | 'rtmps' | 'http' | 'https';

/** Where a listener listens. */
export interface ListenAt {
  readonly host: string;
  /** 0 takes a free one; null: it does not listen. */
  readonly port: number | null;
}

/** A listener that could not be opened; `origin` adds the config key to change. */
export class ListenError extends Error {
  readonly what: MediaListenerName;
  readonly host: string;
  readonly port: number;
  readonly systemCode: string;

  constructor(what: MediaListenerName, host: string, port: number, systemCode: string) {
    super(`cannot listen on ${host}:${port} for ${what}: ${systemCode}`);
    this.name = 'ListenError';
    this.what = what;
    this.host = host;
    this.port = port;
    this.systemCode = systemCode;
  }
}

/** Ports really bound; 0 for a listener that is off. */
export type MediaPorts = Readonly<Record<MediaListenerName, number>>;
