import type { Connection, Stream } from '@libp2p/interface';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DIRECT, frame } from './frames.js';
import { Link, QUEUE_BYTES_MAX } from './link.js';

/** The part of a libp2p stream and connection that a link uses. */
class FakeEnd extends EventTarget {
  status = 'open';
  maxWriteBufferLength?: number;
  queued = 0;
  aborted = 0;
  onAbort = (): void => {};

  send(bytes: Uint8Array): boolean {
    if (this.status !== 'open') throw new Error('Cannot write to a stream that is closed');
    this.queued += bytes.byteLength;
    if (this.queued > (this.maxWriteBufferLength ?? 0)) this.#close('write buffer over its limit');
    return true;
  }

  async close(_options?: { readonly signal?: AbortSignal }): Promise<void> {
    this.#close();
  }

  abort(error: Error): void {
    this.aborted += 1;
    this.onAbort();
    if (this.status === 'open') this.#close(error.message);
  }

  receive(bytes: Uint8Array): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data: { subarray: () => bytes } }));
  }

  #close(message?: string): void {
    this.status = 'closed';
    this.dispatchEvent(Object.assign(new Event('close'), message ? { error: new Error(message) } : {}));
  }
}

let stream: FakeEnd;
let connection: FakeEnd;
let told: string[];
let onMessage: () => void;
let link: Link;

beforeEach(() => {
  stream = new FakeEnd();
  connection = new FakeEnd();
  told = [];
  onMessage = () => {};
  link = new Link(connection as unknown as Connection, stream as unknown as Stream, true, () => 7, {
    message: (_, channel, message) => {
      told.push(`message ${channel} ${Buffer.from(message)}`);
      onMessage();
    },
    offence: (_, reason) => told.push(`offence ${reason}`),
    closed: (_, reason) => told.push(`closed ${reason}`),
  });
});

describe('Link, as it opens', () => {
  it('is closed where its connection was lost meanwhile', () => {
    connection.status = 'closed';
    link.open();
    expect([told, link.isOpen, connection.aborted]).toEqual([['closed connection-closed'], false, 0]);
  });
});

describe('Link', () => {
  beforeEach(() => link.open());

  it('closes when the other side does not take what it is sent, and is quiet afterwards', () => {
    const message = new Uint8Array(60_000);
    for (let sent = 0; sent < 2 * QUEUE_BYTES_MAX; sent += message.byteLength) link.send(DIRECT, message);
    expect(stream.queued).toBeLessThan(QUEUE_BYTES_MAX + 2 * message.byteLength);
    expect(told).toEqual(['closed write buffer over its limit']);
    expect(connection.status).toBe('closed');
  });

  it('tells of its end once, also where libp2p throws in the middle of it', () => {
    connection.onAbort = () => {
      stream.dispatchEvent(new Event('close'));
      if (connection.aborted === 1) throw new Error('Cannot write to a stream that is closed');
    };
    link.abort('silent');
    connection.dispatchEvent(new Event('close'));
    expect(told).toEqual(['closed silent']);
    expect(connection.status).toBe('closed');
  });

  it('hands on messages until one breaks the framing', () => {
    stream.receive(frame(DIRECT, Buffer.from('one')));
    expect(link.heardAt).toBe(7);
    stream.receive(Buffer.of(0xff, 0xff, 0xff, 0xff, 0));
    stream.receive(frame(DIRECT, Buffer.from('two')));
    expect(told).toEqual(['message 0 one', 'offence frame too long', 'closed frame too long']);
  });

  it('hands on nothing that came with what made its owner end it, nor judges it', () => {
    onMessage = () => link.abort('refused');
    stream.receive(Buffer.concat(['one', 'two'].map((text) => frame(DIRECT, Buffer.from(text)))));
    stream.receive(Buffer.of(0xff, 0xff, 0xff, 0xff, 0));
    expect(told).toEqual(['message 0 one', 'closed refused']);
  });

  it.each<[string, () => void, string, number]>([
    ['its stream ends', () => stream.close(), 'stream-closed', 1],
    ['its stream is reset', () => stream.abort(new Error('reset')), 'reset', 1],
    ['its connection ends', () => connection.close(), 'connection-closed', 0],
    ['its connection is reset', () => connection.abort(new Error('ECONNRESET')), 'ECONNRESET', 1],
  ])('ends where %s, says why, and leaves no connection behind', (_, happens, reason, aborts) => {
    happens();
    expect(told).toEqual([`closed ${reason}`]);
    expect([connection.status, connection.aborted]).toEqual(['closed', aborts]);
  });

  it('ends where its stream takes nothing any more', () => {
    stream.status = 'aborted';
    link.send(DIRECT, new Uint8Array(1));
    expect(told).toEqual(['closed Cannot write to a stream that is closed']);
    expect([connection.status, connection.aborted]).toEqual(['closed', 1]);
  });

  it('closes in good order where the other side has ended its part', () => {
    stream.dispatchEvent(new Event('remoteCloseWrite'));
    expect(told).toEqual(['closed closed-by-peer']);
    expect([connection.status, connection.aborted]).toEqual(['closed', 0]);
  });

  it('closes in good order, without a warning of node, also where many streams are open', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    connection.close = async ({ signal }: { signal?: AbortSignal } = {}) => {
      for (let count = 0; count < 64; count += 1) signal?.addEventListener('abort', () => {});
    };
    await link.close('leaving');
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it('is closed by force where a close in good order takes too long', async () => {
    connection.close = (options?: { readonly signal?: AbortSignal }) =>
      new Promise((_, reject) => {
        options?.signal?.addEventListener('abort', () => reject(options.signal?.reason));
      });
    await link.close('closing', 1);
    expect([told, connection.status]).toEqual([['closed closing'], 'closed']);
  });

  describe('that closes in good order', () => {
    let closed: () => void;
    let failed: (error: Error) => void;
    beforeEach(() => {
      const closing = new Promise<void>((resolve, reject) => {
        closed = resolve;
        failed = reject;
      });
      connection.close = () => closing;
    });

    it('resets nothing when its stream ends before its connection: what was said last is still on its way', async () => {
      const closing = link.close('spare connection');
      stream.dispatchEvent(new Event('close'));
      expect(told).toEqual(['closed spare connection']);
      closed();
      await closing;
      expect(connection.aborted).toBe(0);
    });

    it('is closed by force where that fails, and where it is to end at once', async () => {
      const closing = link.close('closing');
      failed(new Error('late'));
      await closing;
      expect(connection.aborted).toBeGreaterThan(0);
      expect(told).toEqual(['closed closing']);
    });

    it('ends at once where that is asked meanwhile', () => {
      void link.close('spare connection');
      link.abort('silent');
      expect([connection.aborted, connection.status]).toEqual([1, 'closed']);
    });
  });

  describe('that retires', () => {
    let halfClosed: number;
    let ended: Promise<void>;
    beforeEach(() => {
      halfClosed = 0;
      stream.close = async () => {
        halfClosed += 1;
      };
      ended = link.retire('spare connection');
    });

    it('sends nothing more, and hands on what the other side had sent before it knew', async () => {
      link.send(DIRECT, Buffer.from('mine'));
      stream.receive(frame(DIRECT, Buffer.from('one')));
      expect([halfClosed, stream.queued, told]).toEqual([1, 0, ['message 0 one']]);
      expect([link.isOpen, link.isClosing, connection.status]).toEqual([true, true, 'open']);
      stream.dispatchEvent(new Event('close'));
      await ended;
      expect(told).toEqual(['message 0 one', 'closed spare connection']);
      expect([connection.status, connection.aborted]).toEqual(['closed', 0]);
    });

    it('is closed where its stream fails', async () => {
      stream.abort(new Error('reset'));
      await ended;
      expect([told, connection.status]).toEqual([['closed spare connection'], 'closed']);
    });

    it('does so once, and ends at once where that is asked meanwhile', async () => {
      await link.retire('spare connection');
      link.abort('silent');
      await ended;
      expect([halfClosed, connection.aborted, told]).toEqual([1, 1, ['closed spare connection']]);
    });
  });

  it('that retires is closed where the other side never ends its part', async () => {
    vi.useFakeTimers();
    try {
      stream.close = async () => {};
      const ended = link.retire('spare connection');
      await vi.runAllTimersAsync();
      await ended;
      expect([told, connection.status]).toEqual([['closed spare connection'], 'closed']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('ends with its connection', () => {
    connection.dispatchEvent(new Event('close'));
    link.send(DIRECT, new Uint8Array(1));
    expect(told).toEqual(['closed connection-closed']);
    expect(link.isOpen).toBe(false);
  });
});
