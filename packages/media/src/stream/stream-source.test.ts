import { describe, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, METADATA, VIDEO_HEADER } from '../testing/frames.js';
import { STREAM_LIMITS } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { type SourceAbout, StreamSource } from './stream-source.js';

const PUBLISHER: SourceAbout = { kind: 'publisher', remote: '10.0.0.9:5', agent: 'obs', protocol: 'rtmp' };
const RELAY: SourceAbout = { kind: 'relay', from: 'id-a', name: 'origin-a', through: null };
const HEADERS = [VIDEO_HEADER(1), AUDIO_HEADER(1)];

/** What was given of these frames, at once. */
function sourceOf(about: SourceAbout, ...frames: readonly Frame[]) {
  const source = new StreamSource(1, about, STREAM_LIMITS, 0);
  const given = frames.flatMap((frame) => source.take(frame, 0)).map(({ frame }) => frame);
  return { source, given };
}

const told = (frames: readonly Frame[]): string[] =>
  frames.map(({ kind, timestampMs, isHeader }) => `${kind} ${timestampMs}${isHeader ? ' header' : ''}`);

describe('a source', () => {
  it('is put on one line where it is a publisher, and left on its own where it is relayed', () => {
    const frames = [VIDEO_HEADER(1), KEY(60_000, 1), KEY(0, 2)];
    const line = ['video 60000 header', 'video 60000'];
    expect(told(sourceOf(PUBLISHER, ...frames).given)).toEqual([...line, 'video 60020']);
    expect(told(sourceOf(RELAY, ...frames).given)).toEqual([...line, 'video 0']);
  });

  it('has a past from what is kept on, with the headers of now before it', () => {
    const { source } = sourceOf(
      PUBLISHER,
      METADATA(),
      ...HEADERS,
      INTER(0, 1),
      AUDIO(10, 2),
      KEY(40, 3),
      INTER(80, 4),
    );
    expect(told(source.past())).toEqual([
      'data 0 header',
      'video 0 header',
      'audio 0 header',
      'video 0',
      'audio 10',
      'video 40',
      'video 80',
    ]);
  });

  it('has none where players can start nowhere in it', () => {
    expect(sourceOf(PUBLISHER).source.past()).toEqual([]);
    expect(sourceOf(PUBLISHER, ...HEADERS).source.past()).toEqual([]);
    const { source } = sourceOf(PUBLISHER, ...HEADERS, INTER(0, 1), AUDIO(10, 2));
    expect([source.isReady, source.past()]).toEqual([false, []]);
  });

  it('keeps nothing once what was sent to players is kept with the stream, and goes on giving', () => {
    const { source } = sourceOf(RELAY, ...HEADERS, KEY(0, 1), INTER(40, 2));
    expect(source.history.isEmpty).toBe(false);
    source.endHistory();
    expect([source.history.isEmpty, source.isReady]).toEqual([true, false]);
    expect(told(source.take(KEY(80, 3), 0).map(({ frame }) => frame))).toEqual(['video 80']);
    expect(source.history.isEmpty).toBe(true);
  });
});
