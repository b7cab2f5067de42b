import type { Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import type { Fence } from '../fence.js';
import type { MediaLog } from '../media-log.js';
import { TLS_VERSION_MIN } from '../tls/certificate.js';
import type { CertificateStore } from '../tls/certificate-store.js';
import { readProxyHeader } from '../wire/proxy-header.js';
import { type Client, remoteOf } from './client.js';
import { clientAddress, clientIp } from './client-address.js';
import type { ConnectionGate, GatePlace } from './connection-gate.js';
import type { TrustedProxies } from './trusted-proxies.js';

/** A connection whose protocol may begin: a PROXY header and TLS's handshake are done, where there are such. */
export interface Arrival {
  /** Nothing of it has been read. */
  readonly socket: Socket;
  readonly client: Client;
  readonly place: GatePlace;
}

export interface FrontParts {
  readonly protocol: string;
  /** Null: without TLS. */
  readonly certificates: CertificateStore | null;
  readonly proxies: TrustedProxies;
  /** Deadline of all that comes before the protocol, from connect, ms. */
  readonly handshakeMs: () => number;
  readonly gate: Pick<ConnectionGate, 'enter'>;
  /** Members pull by this protocol. */
  readonly mayPull: boolean;
  readonly log: MediaLog;
  readonly fence: Fence;
  arrived(arrival: Arrival): void;
  /** There is no room for this connection; it is to be closed. Not called where TLS should have come first. */
  refused(socket: Socket, reason: string): void;
}

/** Longer than any deadline that is configured. */
const TLS_HANDSHAKE_MS = 1_200_000;

/** A connection on its way in. */
interface Coming {
  readonly socket: Socket;
  readonly place: GatePlace;
  readonly deadline: NodeJS.Timeout | null;
  readonly id: string;
  client: Client;
}

/**
 * What is done with each new connection before its protocol: its place among all, the header of a trusted proxy, TLS. A proxy
 * without a header counts as itself; from anybody else such a header is what the protocol makes of it.
 */
export class Front {
  readonly #parts: FrontParts;
  readonly #tls: TlsServer | null;
  readonly #coming = new Set<Coming>();
  /** Those in TLS's handshake, by `connectionId`. */
  readonly #shaking = new Map<string, Coming>();

  constructor(parts: FrontParts) {
    this.#parts = parts;
    this.#tls = parts.certificates === null ? null : this.#createTls(parts.certificates);
  }

  /** Takes a connection from a listener. Never throws. */
  take(socket: Socket): void {
    const { fence, protocol } = this.#parts;
    fence.run(
      { remote: clientAddress(socket), protocol },
      () => this.#enter(socket),
      () => socket.destroy(),
    );
  }

  /** Closes those that have not arrived yet. */
  close(): void {
    for (const { socket } of [...this.#coming]) socket.destroy();
  }

  #enter(socket: Socket): void {
    const { gate, proxies, certificates, mayPull, handshakeMs, log, protocol } = this.#parts;
    socket.on('error', () => {});
    const ip = clientIp(socket);
    // A health check that is over before it was taken; a unix socket has no address at either end.
    if (ip === '' && socket.localAddress !== undefined) {
      socket.destroy();
      return;
    }
    const isProxy = proxies.has(ip);
    const place = gate.enter(isProxy ? null : ip, mayPull);
    if (typeof place === 'string') {
      this.#refuse(socket, ip, place);
      return;
    }
    const client = { ip, port: socket.remotePort ?? 0, isSecure: certificates !== null, isProxy };
    const isPlain = !isProxy && certificates === null;
    const deadline = isPlain
      ? null
      : setTimeout(() => {
          // Health checks connect and say nothing.
          if (!coming.client.isProxy)
            log.info(
              { client: coming.client.ip, protocol, reason: 'handshake-deadline' },
              'connection refused',
            );
          socket.destroy();
        }, handshakeMs());
    const coming: Coming = { socket, place, deadline, id: connectionId(socket), client };
    if (isPlain) {
      this.#arrive(coming, socket);
      return;
    }
    this.#coming.add(coming);
    socket.once('close', () => {
      this.#done(coming);
      this.#shaking.delete(coming.id);
      place.leave();
    });
    if (isProxy) this.#readHeader(coming);
    else this.#shake(coming);
  }

  #readHeader(coming: Coming): void {
    const { socket } = coming;
    let head: Buffer = Buffer.alloc(0);
    const onData = (bytes: Buffer): void =>
      this.#guard(coming, () => {
        head = head.length === 0 ? bytes : Buffer.concat([head, bytes]);
        const header = readProxyHeader(head);
        if (header.kind === 'incomplete') return;
        socket.pause();
        socket.off('data', onData).off('end', onEnd);
        if (header.kind === 'invalid') this.#refuseHeader(coming, header.problem);
        else if (header.kind === 'none') this.#shakeAfter(coming, head);
        else if (this.#becomes(coming, header.client, header.isSecure))
          this.#shakeAfter(coming, head.subarray(header.bytes));
      });
    const onEnd = (): void => {
      socket.destroy();
    };
    socket.on('data', onData).on('end', onEnd);
  }

  /** False where there is no room for whom the proxy speaks for. */
  #becomes(coming: Coming, named: { ip: string; port: number } | null, isSecure: boolean | null): boolean {
    const isTls = isSecure ?? coming.client.isSecure;
    if (named === null) {
      coming.client = { ...coming.client, isSecure: isTls };
      return true;
    }
    const isProxy = this.#parts.proxies.has(named.ip);
    coming.client = { ...named, isSecure: isTls || coming.client.isSecure, isProxy };
    if (isProxy || coming.place.name(named.ip)) return true;
    this.#refuse(coming.socket, named.ip, 'connections-per-address-max');
    return false;
  }

  #shakeAfter(coming: Coming, rest: Buffer): void {
    if (rest.length > 0) coming.socket.unshift(rest);
    this.#shake(coming);
  }

  #shake(coming: Coming): void {
    const { socket } = coming;
    if (socket.destroyed) return;
    if (this.#tls === null) {
      this.#arrive(coming, socket);
      socket.resume();
      return;
    }
    this.#shaking.set(coming.id, coming);
    this.#tls.emit('connection', socket);
  }

  #arrive(coming: Coming, socket: Socket): void {
    const { client, place } = coming;
    this.#done(coming);
    this.#parts.arrived({ socket, client, place });
  }

  #done(coming: Coming): void {
    if (coming.deadline !== null) clearTimeout(coming.deadline);
    this.#coming.delete(coming);
  }

  #refuse(socket: Socket, ip: string, reason: string): void {
    const { log, protocol, certificates, refused } = this.#parts;
    log.warn({ client: ip, protocol, reason }, 'connection refused');
    if (certificates === null) refused(socket, reason);
    else socket.destroy();
  }

  #refuseHeader({ socket, client }: Coming, text: string): void {
    const { log, protocol } = this.#parts;
    log.warn(
      { client: remoteOf(client), protocol, reason: 'proxy-header-invalid', text },
      'connection refused',
    );
    socket.destroy();
  }

  #guard(coming: Coming, run: () => void): void {
    const { fence, protocol } = this.#parts;
    fence.run({ remote: remoteOf(coming.client), protocol }, run, () => coming.socket.destroy());
  }

  #createTls(certificates: CertificateStore): TlsServer {
    const { first } = certificates;
    const tls = createTlsServer({
      ...first?.pem,
      minVersion: TLS_VERSION_MIN,
      // The deadline is ours, which counts from connect, and may change.
      handshakeTimeout: TLS_HANDSHAKE_MS,
      SNICallback: (serverName, done) => {
        // What is thrown in here would end the process.
        try {
          done(null, certificates.pick(serverName)?.context);
        } catch (error) {
          done(error instanceof Error ? error : new Error(String(error)));
        }
      },
    });
    certificates.onChange(() => {
      if (certificates.first !== null)
        tls.setSecureContext({ ...certificates.first.pem, minVersion: TLS_VERSION_MIN });
    });
    tls.on('secureConnection', (socket) => {
      socket.on('error', () => {});
      const coming = this.#takeShaking(socket);
      if (coming === null) socket.destroy();
      else this.#guard(coming, () => this.#arrive(coming, socket));
    });
    tls.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const coming = this.#takeShaking(socket);
      const { log, protocol } = this.#parts;
      if (coming === null || error.code === 'ECONNRESET') return;
      log.info(
        {
          client: remoteOf(coming.client),
          protocol,
          reason: 'tls-handshake',
          text: error.code ?? error.message,
        },
        'connection refused',
      );
      coming.socket.destroy();
    });
    return tls;
  }

  #takeShaking(socket: Socket): Coming | null {
    const id = connectionId(socket);
    const coming = this.#shaking.get(id) ?? null;
    this.#shaking.delete(id);
    return coming;
  }
}

/** The same of a socket and of that which TLS makes of it, and of no other connection that is open. */
function connectionId(socket: Socket): string {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
