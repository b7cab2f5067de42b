import { type IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Client, remoteOf } from '../../arrival/client.js';
import { type Forwarded, type ForwardedRules, readForwarded } from '../../arrival/forwarded.js';
import type { Arrival, FrontParts } from '../../arrival/front.js';
import type { Fenced } from '../../fence.js';
import { WsFlv } from '../ws/ws-flv.js';
import { flvClient } from './flv-client.js';
import type { FlvParts } from './flv-parts.js';
import { readFlvTarget, splitUrl } from './flv-target.js';
import {
  allowOrigin,
  answerAndHangUp,
  answerPreflight,
  answerRaw,
  answerText,
  endByFault,
} from './http-answer.js';
import { peekOverHttp, playOverHttp, publishOverHttp } from './http-flv.js';
import { mayPagePublish } from './publish-origin.js';
import { QueuedAnswers } from './queued-answers.js';
import { welcomeText } from './welcome.js';

export type FlvRequestsParts = FlvParts & Pick<FrontParts, 'proxies'>;

/** Requests that have no body. */
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const NO_ROOM = 'too many connections (connections-per-address-max); try another member';
/** Whose socket is gone. */
const NOBODY: Client = { ip: '', port: 0, isSecure: false, isProxy: false };

/** What each request for a stream gets, by HTTP-FLV and WebSocket-FLV. Nothing that a client sends leaves its own request. */
export class FlvRequests {
  readonly #parts: FlvRequestsParts;
  readonly #ws: WsFlv;
  readonly #forwarding: ForwardedRules;
  /** Those in whose name requests come, until their sockets are gone. */
  readonly #arrivals = new Map<Duplex, Arrival>();
  /** Connections with a play or publish under way: a second request on one of them is not served. */
  readonly #busy = new WeakSet<Duplex>();
  readonly #queued = new QueuedAnswers();

  constructor(parts: FlvRequestsParts) {
    this.#parts = parts;
    this.#ws = new WsFlv(parts);
    const { proxies, options } = parts;
    this.#forwarding = {
      proxies,
      get headers() {
        return options.proxyHeaders ?? 'x-forwarded';
      },
    };
  }

  /** Sockets that are open, those on which nothing was asked yet as well. */
  get sockets(): Iterable<Duplex> {
    return this.#arrivals.keys();
  }

  /** Resolves once the ends of all plays and publishes are told that were on sockets which have been destroyed. */
  closed(): Promise<void> {
    return this.#ws.closed();
  }

  /** Whoever requests on this connection come from. */
  arrived(arrival: Arrival): void {
    const { socket } = arrival;
    this.#arrivals.set(socket, arrival);
    socket.once('close', () => {
      this.#arrivals.delete(socket);
      arrival.place.leave();
    });
  }

  clientAt(socket: Duplex): Client | undefined {
    return this.#arrivals.get(socket)?.client;
  }

  /** Never throws. */
  take(req: IncomingMessage, res: ServerResponse): void {
    if (this.#busy.has(req.socket)) {
      req.socket.destroy();
      return;
    }
    this.#queued.watch(req, res);
    res.on('error', () => {});
    req.on('error', () => {});
    this.#parts.fence.run(
      this.#fencedOf(req.socket),
      () => this.#serve(req, res),
      () => endByFault(res),
    );
  }

  /** Never throws. */
  takeUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {});
    if (this.#busy.has(socket)) {
      socket.destroy();
      return;
    }
    this.#parts.fence.run(
      this.#fencedOf(req.socket),
      () => this.#upgrade(req, socket, head),
      () => socket.destroy(),
    );
  }

  #fencedOf(socket: Duplex): Fenced {
    return { remote: remoteOf(this.clientAt(socket) ?? NOBODY), protocol: 'http' };
  }

  /** For whom a request is, and the host that it was sent to. */
  #forwardedOf(req: IncomingMessage): Forwarded {
    const arrival = this.#arrivals.get(req.socket);
    return readForwarded(arrival?.client ?? NOBODY, req.headers, this.#forwarding);
  }

  #isForeignPage(req: IncomingMessage, { host }: Forwarded): boolean {
    const { options } = this.#parts;
    return !mayPagePublish(req.headers.origin, host ?? req.headers.host, {
      origins: options.publish.origins ?? [],
      ownHosts: options.ownHosts ?? [],
    });
  }

  /** False where the client for whom a proxy asks has no place: what it asks for must be refused. */
  #isAdmitted(req: IncomingMessage, { client }: Forwarded): boolean {
    const arrival = this.#arrivals.get(req.socket);
    if (arrival === undefined || !arrival.client.isProxy || client.isProxy) return true;
    if (arrival.place.name(client.ip)) return true;
    this.#parts.log.warn(
      { client: client.ip, protocol: 'http', reason: 'connections-per-address-max' },
      'connection refused',
    );
    return false;
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const forwarded = this.#forwardedOf(req);
    const target = readFlvTarget(
      req.url ?? '',
      forwarded.host ?? req.headers.host,
      this.#parts.options.vhosts,
    );
    if (req.headers.upgrade?.toLowerCase() !== 'websocket') this.#serveAsItIs(req, socket);
    else if (!this.#isAdmitted(req, forwarded)) answerRaw(socket, 503, NO_ROOM);
    else if ('problem' in target) {
      this.#refuse(forwarded, target.problem);
      answerRaw(socket, target.status, target.problem);
    } else if (req.method !== 'GET') {
      answerRaw(socket, 400, 'only WebSocket upgrades by GET are taken');
    } else {
      const client = flvClient(req, forwarded.client, 'ws-flv');
      this.#ws.upgrade({
        req,
        socket,
        head,
        target,
        client,
        isForeignPage: this.#isForeignPage(req, forwarded),
      });
    }
  }

  /**
   * A client that would speak another protocol, as `curl --http2` and Java's own offer with each first request, is served in this
   * one (RFC 9110, 7.8). Node has let go of such a connection: it reads no body there, and no further request.
   */
  #serveAsItIs(req: IncomingMessage, socket: Duplex): void {
    if (!(socket instanceof Socket) || !READING.has(req.method ?? '')) {
      answerRaw(socket, 400, 'publish without asking for an upgrade; only players are served with one');
      return;
    }
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.on('error', () => {});
    res.once('finish', () => socket.destroySoon());
    res.assignSocket(socket);
    socket.once('end', () => socket.destroySoon());
    socket.resume();
    this.#serve(req, res);
  }

  #serve(req: IncomingMessage, res: ServerResponse): void {
    const url = req.url ?? '';
    const { method = 'GET' } = req;
    allowOrigin(req, res, this.#parts.options.play.cors);
    if (method === 'OPTIONS') {
      answerPreflight(res);
      return;
    }
    if (splitUrl(url).path === '/' && (method === 'GET' || method === 'HEAD')) {
      answerText(res, 200, welcomeText(this.#parts.options.memberName, req.headers.host));
      return;
    }
    const forwarded = this.#forwardedOf(req);
    if (!this.#isAdmitted(req, forwarded)) {
      answerAndHangUp(req, res, 503, NO_ROOM);
      return;
    }
    // Proxies keep connections for requests of others.
    if (this.#arrivals.get(req.socket)?.client.isProxy === true)
      res.once('close', () => this.#arrivals.get(req.socket)?.place.name(null));
    const client = flvClient(req, forwarded.client, 'http-flv');
    const target = readFlvTarget(url, forwarded.host ?? req.headers.host, this.#parts.options.vhosts);
    if ('problem' in target) {
      this.#refuse(forwarded, target.problem);
      answerAndHangUp(req, res, target.status, target.problem);
      return;
    }
    switch (method) {
      case 'HEAD':
        peekOverHttp({ req, res, target, client }, this.#parts);
        return;
      case 'GET':
        this.#busy.add(req.socket);
        res.once('close', () => this.#busy.delete(req.socket));
        playOverHttp({ req, res, target, client }, this.#parts);
        return;
      case 'POST':
      case 'PUT':
        this.#busy.add(req.socket);
        res.once('close', () => this.#busy.delete(req.socket));
        publishOverHttp({ req, res, target, client }, this.#isForeignPage(req, forwarded), this.#parts);
        return;
      default:
        answerAndHangUp(req, res, 405, `${method} is not served; GET plays, POST and PUT publish`);
        return;
    }
  }

  #refuse({ client }: Forwarded, problem: string): void {
    this.#parts.log.info(
      { client: remoteOf(client), protocol: 'http', reason: problem },
      'http request refused',
    );
  }
}
