import { describe, expect, it } from 'vitest';
import { VideoTracks } from './video-tracks.js';

describe('VideoTracks', () => {
  it('starts by the track that came first, until one without an id comes', () => {
    const tracks = new VideoTracks();
    expect(tracks.defaultId).toBeNull();
    expect([tracks.came(2, false, 0), tracks.came(1, true, 10), tracks.defaultId]).toEqual([true, false, 2]);
    expect([tracks.came(0, false, 20), tracks.came(2, true, 30), tracks.defaultId]).toEqual([true, false, 0]);
  });

  it('starts by another when the default one has sent nothing for 2 s, at its keyframe', () => {
    const tracks = new VideoTracks();
    tracks.came(2, true, 1000);
    expect(tracks.came(1, true, 2999)).toBe(false);
    expect(tracks.came(1, false, 3500)).toBe(false);
    tracks.came(2, false, 4000);
    expect(tracks.came(1, true, 5999)).toBe(false);
    expect(tracks.came(1, true, 6000)).toBe(true);
    expect([tracks.defaultId, tracks.came(2, true, 6040)]).toEqual([1, false]);
  });

  it('leaves every track out after a start at a keyframe, until it has one of its own', () => {
    const tracks = new VideoTracks();
    tracks.came(0, true, 0);
    expect([tracks.isOpen(0), tracks.isOpen(1)]).toEqual([true, true]);
    tracks.open(1);
    tracks.started(true);
    expect([tracks.isOpen(0), tracks.isOpen(1)]).toEqual([true, false]);
    tracks.open(1);
    expect([tracks.isOpen(1), tracks.isOpen(2)]).toEqual([true, false]);
    tracks.started(true);
    expect(tracks.isOpen(1)).toBe(false);
    // Where keyframes don't come, none waits for one.
    tracks.started(false);
    expect(tracks.isOpen(1)).toBe(true);
    tracks.open(1);
    tracks.started(true);
    expect(tracks.isOpen(1)).toBe(false);
  });
});
