import type { IncomingMessage, ServerResponse } from 'node:http';
import { streamKey } from '@headwater/directory';
import type { Asker } from '../../arrival/client.js';
import type { PlayDesk } from '../../desks/play/play-desk.js';
import type { PublishDesk } from '../../desks/publish/publish-desk.js';
import type { PublishEnd, PublishRefusal } from '../../desks/publish/publish-session.js';
import type { Fence } from '../../fence.js';
import type { MediaLog, MediaOptions } from '../../media-host.js';
import { FlvError } from '../../wire/nms/flv.js';
import { FlvPublish } from './flv-publish.js';
import type { FlvTarget } from './flv-target.js';
import { answerAndHangUp, answerText, endByFault, FLV_HEADERS } from './http-answer.js';
import { answerRedirect, HttpFlvPlay } from './http-flv-play.js';

/** One request for a stream. */
export interface FlvRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly target: FlvTarget;
  readonly client: Asker;
}

interface Parts {
  readonly options: MediaOptions;
  readonly plays: PlayDesk;
  readonly publishes: PublishDesk;
  readonly log: MediaLog;
  readonly fence: Fence;
}

const REFUSAL_STATUS: Readonly<Record<PublishRefusal, number>> = {
  'already-published': 409,
  'owned-elsewhere': 409,
  contended: 409,
  'not-an-origin': 403,
  'identity-disputed': 503,
  'publish-rate': 429,
  stopping: 503,
};
const END_STATUS: Readonly<Record<PublishEnd, number>> = {
  idle: 408,
  stopping: 503,
  'owned-elsewhere': 409,
  'already-published': 409,
  'taken-over': 409,
  kicked: 403,
};

/** GET: the answer comes when the desk has a source for it, or says that there is none. */
export function playOverHttp({ req, res, target, client }: FlvRequest, { plays, fence }: Parts): void {
  const play = new HttpFlvPlay(res, target, client, fence);
  res.once('close', () => {
    fence.run(
      play,
      () => {
        play.close();
        plays.leave(play);
      },
      () => req.socket.destroy(),
    );
  });
  // A body with a GET has no meaning, and must not fill the socket.
  req.resume();
  plays.play(play);
}

/**
 * HEAD: what GET would be answered now, without a player. Where the stream is published nowhere GET would wait, and be
 * answered 404 at last.
 */
export function peekOverHttp({ res, target, client }: FlvRequest, { plays }: Parts): void {
  const route = plays.peek({
    key: streamKey(target.name),
    protocol: 'http-flv',
    mark: target.mark,
    followsRedirect: true,
    canRedirectNow: true,
    isSecure: client.isSecure,
    ...(target.reachedBy === undefined ? {} : { reachedBy: target.reachedBy }),
  });
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
  { options, publishes, log, fence }: Parts,
): void {
  const publish = new FlvPublish({
    protocol: 'http-flv',
    target,
    client,
    messageBytesMax: options.limits.messageBytesMax,
    hangUp: (reason) => answerAndHangUp(req, res, END_STATUS[reason], `the publish was ended: ${reason}`),
    fault: (error) => fence.caught(publish, error, () => endByFault(res)),
  });
  const guarded = (handler: () => void): void => fence.run(publish, handler, () => endByFault(res));
  const refusal = publish.begin(publishes);
  if (refusal !== null) {
    answerAndHangUp(req, res, REFUSAL_STATUS[refusal.code], refusal.text);
    return;
  }
  req.on('data', (bytes: Buffer) => {
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
  });
  req.once('end', () => {
    guarded(() => publish.finish());
    answerText(res, 200, 'the stream has ended');
  });
  res.once('close', () => guarded(() => publish.finish()));
}
