import type { IncomingMessage, ServerResponse } from 'node:http';
import { streamKey } from '@headwater/directory';
import type { ComingPlay } from '../../desks/play/play-session.js';
import type { PublishEnd, PublishRefusal } from '../../desks/publish/publish-session.js';
import type { Fence } from '../../fence.js';
import { FlvError } from '../../wire/nms/flv.js';
import { Admission } from '../admission.js';
import { believePull } from '../believe-pull.js';
import type { FlvClient } from './flv-client.js';
import type { FlvParts } from './flv-parts.js';
import { FlvPublish } from './flv-publish.js';
import type { FlvTarget } from './flv-target.js';
import { answerAndHangUp, answerRefusal, answerText, endByFault, FLV_HEADERS } from './http-answer.js';
import { answerRedirect, HttpFlvPlay } from './http-flv-play.js';

/** One request for a stream. */
export interface FlvRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly target: FlvTarget;
  readonly client: FlvClient;
}

const REFUSAL_STATUS: Readonly<Record<PublishRefusal, number>> = {
  'already-published': 409,
  'owned-elsewhere': 409,
  contended: 409,
  'not-an-origin': 403,
  'identity-disputed': 503,
  'publish-rate': 429,
  'no-origin': 503,
  'origin-refused': 403,
  stopping: 503,
};
const END_STATUS: Readonly<Record<PublishEnd, number>> = {
  reconnecting: 503,
  idle: 408,
  stopping: 503,
  'owned-elsewhere': 409,
  'already-published': 409,
  'taken-over': 409,
  'no-origin': 503,
  kicked: 403,
};

/** GET: the answer comes when the desk has a source for it, or says that there is none. */
export function playOverHttp({ req, res, target, client }: FlvRequest, parts: FlvParts): void {
  const { plays, fence, guard } = parts;
  const guarded = guard.client(client);
  const admission = new Admission(guarded);
  const fenced = fencedBy(fence, client, res);
  let play: HttpFlvPlay | null = null;
  const leave = (): void => {
    play?.close();
    if (play !== null) plays.leave(play);
  };
  res.once('close', () => {
    fence.run(play ?? client, leave, () => req.socket.destroy());
    admission.end();
    guarded.closed({ sent: req.socket.bytesWritten, received: req.socket.bytesRead });
  });
  // A body with a GET has no meaning, and must not fill the socket.
  req.resume();
  const { mark } = believePull(target, client, parts);
  const { name, query } = target;
  admission.askToPlay(
    { name, query },
    () => plays.isSentAway(comingPlay({ ...target, mark }, client, !res.headersSent)),
    {
      refused: (refusal) => fenced(() => answerRefusal(req, res, refusal)),
      admitted: (admitted) =>
        fenced(() => {
          const begun = new HttpFlvPlay(
            res,
            { ...target, mark, name: admitted.name },
            client,
            fence,
            admitted.mayRedirect,
          );
          play = begun;
          plays.play(begun);
          admission.onRevoked(() =>
            fenced(() => {
              plays.leave(begun);
              begun.revoke();
            }),
          );
        }),
    },
  );
}

/** Runs what belongs to one request, also when the guard answers late. */
function fencedBy(fence: Fence, { remote }: FlvClient, res: ServerResponse): (handler: () => void) => void {
  return (handler) => fence.run({ remote, protocol: 'http' }, handler, () => endByFault(res));
}

/** A GET, as the desk may know it before the guard has allowed it. */
function comingPlay(target: FlvTarget, { remote, isSecure }: FlvClient, canRedirectNow: boolean): ComingPlay {
  return {
    key: streamKey(target.name),
    protocol: 'http-flv',
    mark: target.mark,
    forgetsMark: false,
    remote,
    isSecure,
    followsRedirect: true,
    canRedirectNow,
    ...(target.reachedBy === undefined ? {} : { reachedBy: target.reachedBy }),
  };
}

/**
 * HEAD: what GET would be answered now, without a player. Where the stream is published nowhere GET would wait, and be
 * answered 404 at last.
 */
export function peekOverHttp({ req, res, target, client }: FlvRequest, parts: FlvParts): void {
  const guarded = parts.guard.client(client);
  const admission = new Admission(guarded);
  res.once('close', () => {
    admission.end();
    guarded.closed({ sent: 0, received: 0 });
  });
  const fenced = fencedBy(parts.fence, client, res);
  const { mark } = believePull(target, client, parts);
  const { name, query } = target;
  // Nobody plays, so no hook is asked.
  admission.ask(
    { action: 'play', name, query, asksHooks: false },
    {
      refused: (refusal) => fenced(() => answerRefusal(req, res, refusal)),
      admitted: () => fenced(() => answerPeek(res, { ...target, mark }, client, parts)),
    },
  );
}

function answerPeek(res: ServerResponse, target: FlvTarget, client: FlvClient, { plays }: FlvParts): void {
  const route = plays.peek(comingPlay(target, client, true));
  switch (route?.kind) {
    case 'local':
    case 'relay':
      res.writeHead(200, FLV_HEADERS);
      res.end();
      return;
    case 'redirect':
      answerRedirect(res, target, route.address, client.isSecure);
      return;
    case 'refuse':
      if (route.reason === 'nobody-has-room')
        answerText(res, 503, 'this member is full, and no other one has room');
      else answerText(res, 404, 'nobody publishes the stream');
      return;
    case 'wait':
      answerText(res, 404, 'nobody publishes the stream');
      return;
    case undefined:
      answerText(res, 503, 'this member is stopping; play from another one');
  }
}

/** POST and PUT: the body is the stream. Answered when it ends, or at once where it is refused. */
export function publishOverHttp(
  { req, res, target, client }: FlvRequest,
  isForeignPage: boolean,
  { options, publishes, log, fence, guard }: FlvParts,
): void {
  const guarded = guard.client(client, isForeignPage);
  const admission = new Admission(guarded);
  const fenced = fencedBy(fence, client, res);
  res.once('close', () => {
    admission.end();
    guarded.closed({ sent: req.socket.bytesWritten, received: req.socket.bytesRead });
  });
  // The body waits in the socket until the guard has answered.
  const { name, query } = target;
  admission.ask(
    { action: 'publish', name, query, asksHooks: true },
    {
      refused: (refusal) => fenced(() => answerRefusal(req, res, refusal)),
      admitted: (admitted) =>
        fenced(() => {
          const request = { req, res, client, target: { ...target, name: admitted.name } };
          const publish = readPublish(request, { options, publishes, log, fence });
          admission.onRevoked((text) =>
            fenced(() => {
              publish.finish();
              answerRefusal(req, res, { allowed: false, status: 403, reason: 'hook-refused', text });
            }),
          );
        }),
    },
  );
}

function readPublish(
  { req, res, target, client }: FlvRequest,
  { options, publishes, log, fence }: Pick<FlvParts, 'options' | 'publishes' | 'log' | 'fence'>,
): FlvPublish {
  const publish = new FlvPublish({
    protocol: 'http-flv',
    target,
    client,
    messageBytesMax: options.limits.messageBytesMax,
    hangUp: (reason) => answerAndHangUp(req, res, END_STATUS[reason], `the publish was ended: ${reason}`),
    fault: (error) => fence.caught(publish, error, () => endByFault(res)),
  });
  const guarded = (handler: () => void): void => fence.run(publish, handler, () => endByFault(res));
  res.once('close', () => guarded(() => publish.finish()));
  const take = (bytes: Buffer): void => {
    if (res.headersSent) return;
    try {
      publish.read(bytes);
    } catch (error) {
      if (!(error instanceof FlvError)) {
        publish.fault(error);
        return;
      }
      const { code: reason, message: text } = error;
      log.warn(
        { key: publish.key, client: client.remote, protocol: 'http-flv', reason, text },
        'publisher broke the protocol',
      );
      guarded(() => publish.finish());
      answerAndHangUp(req, res, 400, `${reason}: ${text}`);
    }
  };
  // The body waits in the socket until then.
  publish.begin(publishes, {
    accepted: () => {
      req.on('data', take);
      req.once('end', () => {
        guarded(() => publish.finish());
        answerText(res, 200, 'the stream has ended');
      });
    },
    refused: ({ code, text }) => answerAndHangUp(req, res, REFUSAL_STATUS[code], text),
  });
  return publish;
}
