import { describe, expect, it } from 'vitest';
import { TrackDecision } from './track-decision.js';

const BOTH = { audio: true, video: true };
const AUDIO = { audio: true, video: false };
const VIDEO = { audio: false, video: true };

describe('TrackDecision', () => {
  it('decides nothing before a frame, whatever is announced', () => {
    const tracks = new TrackDecision();
    tracks.announce(VIDEO);
    tracks.header('video');
    expect(tracks.at(100_000)).toBeNull();
  });

  it('tells what came so far, decided or not', () => {
    const tracks = new TrackDecision();
    expect(tracks.present).toEqual({ audio: false, video: false });
    tracks.frame('video', 0);
    expect([tracks.present, tracks.at(0)]).toEqual([VIDEO, null]);
    tracks.frame('audio', 20);
    expect(tracks.present).toEqual(BOTH);
    const sound = new TrackDecision();
    sound.frame('audio', 0);
    expect(sound.present).toEqual(AUDIO);
  });

  it('decides for both as soon as both came', () => {
    const tracks = new TrackDecision();
    tracks.frame('video', 0);
    tracks.frame('audio', 20);
    expect(tracks.at(20)).toEqual(BOTH);
  });

  it.each([
    ['nothing is announced', null, 600],
    ['both are announced', BOTH, 1500],
    ['it alone is announced', AUDIO, 0],
    ['the other alone is announced', VIDEO, 1500],
  ] as const)('waits for a second track as long as is right where %s', (_name, announced, waitMs) => {
    const tracks = new TrackDecision();
    tracks.announce(announced);
    tracks.frame('audio', 1000);
    if (waitMs > 0) expect(tracks.at(999 + waitMs)).toBeNull();
    expect(tracks.at(1000 + waitMs)).toEqual(AUDIO);
  });

  it('waits where a header of the other track came, and does not count it', () => {
    const tracks = new TrackDecision();
    tracks.announce(VIDEO);
    tracks.header('audio');
    tracks.frame('video', 0);
    expect(tracks.at(1499)).toBeNull();
    expect(tracks.at(1500)).toEqual(VIDEO);
  });

  it('changes when a track comes after all', () => {
    const tracks = new TrackDecision();
    tracks.frame('video', 0);
    expect(tracks.at(600)).toEqual(VIDEO);
    tracks.frame('audio', 700);
    expect(tracks.at(700)).toEqual(BOTH);
  });

  it('changes when a track has been gone for 10 s, and when it is back', () => {
    for (const [gone, stays, left] of [
      ['video', 'audio', AUDIO],
      ['audio', 'video', VIDEO],
    ] as const) {
      const tracks = new TrackDecision();
      tracks.frame(gone, 0);
      tracks.frame(stays, 9999);
      expect(tracks.at(9999)).toEqual(BOTH);
      tracks.frame(stays, 10_000);
      expect(tracks.at(10_000)).toEqual(left);
      tracks.frame(gone, 10_040);
      expect(tracks.at(10_040)).toEqual(BOTH);
    }
  });

  it('expects a track that is announced or has a header', () => {
    const tracks = new TrackDecision();
    expect(tracks.expects('video')).toBe(false);
    tracks.announce(VIDEO);
    tracks.announce(null);
    expect(tracks.expects('video')).toBe(true);
    expect(tracks.expects('audio')).toBe(false);
    tracks.header('audio');
    expect(tracks.expects('audio')).toBe(true);
  });
});
