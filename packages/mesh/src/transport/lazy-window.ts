import type { MultiaddrConnection, StreamMuxerFactory } from '@libp2p/interface';
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux';

/** What of yamux's streams says how much was read; not in its interface, so its presence is checked. */
interface Receiving {
  /** What the other side may send in all, bytes, and what it may still send before it is told of more. */
  readonly recvWindow: number;
  readonly recvWindowCapacity: number;
  /** `established` once both sides have told each other of the stream: updates before carry that word. */
  readonly state: number;
  sendWindowUpdate(): void;
}

interface StreamMaker {
  _newStream(...args: readonly unknown[]): Receiving;
}

/** yamux's state of a stream that both sides know of. */
const ESTABLISHED = 3;

/**
 * yamux that tells the other side of room to send only once half of the window was used, as its specification advises
 * (https://github.com/hashicorp/yamux/blob/master/spec.md, "Flow Control"). libp2p's own answers every message with such a
 * frame: each heartbeat of 60 bytes cost a packet, an encryption and a wake-up of both sides more, half of an idle
 * member's work.
 */
export function lazyYamux(init: YamuxMuxerInit): () => StreamMuxerFactory {
  const make = yamux(init);
  return () => {
    const factory = make();
    const createStreamMuxer = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection: MultiaddrConnection) => {
      const muxer = createStreamMuxer(connection);
      const maker = muxer as unknown as StreamMaker;
      if (typeof maker._newStream !== 'function')
        throw new Error('this version of yamux makes streams in another way');
      const newStream = maker._newStream.bind(maker);
      maker._newStream = (...args) => updateLazily(newStream(...args));
      return muxer;
    };
    return factory;
  };
}

/** @throws where this stream is not one of the yamux that this was written for. */
export function updateLazily(stream: Receiving): Receiving {
  if (typeof stream.sendWindowUpdate !== 'function' || typeof stream.recvWindowCapacity !== 'number')
    throw new Error('this version of yamux keeps its windows in another way');
  const update = stream.sendWindowUpdate.bind(stream);
  stream.sendWindowUpdate = () => {
    if (stream.state !== ESTABLISHED || stream.recvWindowCapacity <= stream.recvWindow / 2) update();
  };
  return stream;
}
