import { amount } from '@headwater/testing/long-run';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AUDIO, AUDIO_HEADER, INTER, KEY, VIDEO_HEADER } from '../testing/frames.js';
import { MemoryPlayer } from '../testing/memory-player.js';
import { STREAM_LIMITS } from '../testing/stream-world.js';
import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import type { InMessage } from '../wire/rtmp/message.js';
import { isReplayEnd } from './frame-history.js';
import { PullsOfSource } from './pulls-of-source.js';
import { StreamHub } from './stream-hub.js';
import { type SourceAbout, StreamSource } from './stream-source.js';

const PUBLISHER: SourceAbout = { kind: 'publisher', remote: '', agent: '', protocol: 'rtmp' };
const RELAY: SourceAbout = { kind: 'relay', from: 'owner', name: 'owner', through: null };
const KINDS = { 8: 'audio', 9: 'video', 18: 'data' } as const;

/** A member: a source that feeds its players, and other members' pulls. */
class Member {
  readonly players: MemoryPlayer[] = [];
  readonly pulls = new PullsOfSource(STREAM_LIMITS, { bytesOut: 0 });
  readonly #source: StreamSource;
  readonly #hub = new StreamHub({ ...STREAM_LIMITS, mergeMs: 0 }, { bytesOut: 0 });

  constructor(about: SourceAbout, nowMs: number) {
    this.#source = new StreamSource(1, about, STREAM_LIMITS, nowMs);
    this.#hub.start(this.#source, nowMs);
    this.pulls.begin(this.#source);
  }

  take(frame: Frame, nowMs: number): void {
    for (const taken of this.#source.take(frame, nowMs)) {
      this.pulls.take(taken);
      this.#hub.take(taken, nowMs);
    }
  }

  join(): MemoryPlayer {
    const player = new MemoryPlayer(`player ${this.players.length}`);
    this.players.push(player);
    this.#hub.add(player);
    return player;
  }
}

/** An owner, and members that pull from it. Each frame says of which configuration it is. */
class Mesh {
  nowMs = 10_000;
  readonly owner = new Member(PUBLISHER, this.nowMs);
  readonly #relays: { readonly member: Member; readonly pull: MemoryPlayer; at: number }[] = [];
  #timeMs = 0;
  #video = 1;
  #audio = 1;

  constructor() {
    this.#send(VIDEO_HEADER(1), AUDIO_HEADER(1));
  }

  key(): void {
    this.#send(KEY(this.#timeMs, this.#video));
  }
  inter(): void {
    this.#send(INTER(this.#timeMs, this.#video));
  }
  sound(): void {
    this.#send(AUDIO(this.#timeMs, this.#audio));
  }
  newVideo(): void {
    this.#video += 1;
    this.#send(VIDEO_HEADER(this.#video));
  }
  newSound(): void {
    this.#audio += 1;
    this.#send(AUDIO_HEADER(this.#audio));
  }
  join(): void {
    this.owner.join();
    for (const { member } of this.#relays) member.join();
  }
  /** Another member begins to pull, with so much of the past. */
  relay(replayMs = 0): Member {
    const pull = new MemoryPlayer(`pull ${this.#relays.length}`);
    const member = new Member(RELAY, this.nowMs);
    member.join();
    this.#relays.push({ member, pull, at: 0 });
    this.owner.pulls.add(pull, replayMs, this.nowMs);
    this.#hand();
    return member;
  }

  get players(): readonly MemoryPlayer[] {
    return [this.owner, ...this.#relays.map(({ member }) => member)].flatMap(({ players }) => players);
  }

  #send(...frames: readonly Frame[]): void {
    for (const frame of frames) this.owner.take(frame, this.nowMs);
    this.nowMs += 20;
    this.#timeMs += 20;
    this.#hand();
  }

  #hand(): void {
    for (const relay of this.#relays) {
      for (const { type, timestampMs, payload } of relay.pull.got.slice(relay.at)) {
        const frame = makeFrame(KINDS[type as keyof typeof KINDS], timestampMs, payload);
        if (!isReplayEnd(frame)) relay.member.take(frame, this.nowMs);
      }
      relay.at = relay.pull.got.length;
    }
  }
}

/** What is wrong with what a player got: a frame under another configuration, or a picture without those before it. */
function wrongs({ got }: MemoryPlayer): string[] {
  const wrong: string[] = [];
  const headers = new Map<number, number | undefined>();
  let keyOf: number | undefined;
  for (const { type, timestampMs, payload } of got as readonly InMessage[]) {
    if (type === 18) continue;
    if (payload[1] === 0) {
      headers.set(type, payload.at(-1));
      continue;
    }
    const own = payload[type === 9 ? 5 : 2];
    if (headers.get(type) !== own) wrong.push(`${timestampMs}: ${type} of ${own} under ${headers.get(type)}`);
    if (type !== 9) continue;
    if (payload[0] === 0x17) keyOf = own;
    else if (keyOf === undefined) wrong.push(`${timestampMs}: a picture before any keyframe`);
  }
  return wrong;
}

describe('who joins after the configuration changed', () => {
  it('gets the pictures since the last keyframe where the sound alone did, and the sound from there on', () => {
    const mesh = new Mesh();
    mesh.key();
    mesh.sound();
    mesh.inter();
    mesh.newSound();
    const early = mesh.owner.join();
    const [relayed] = mesh.relay().players;
    mesh.sound();
    mesh.inter();
    const late = mesh.owner.join();
    const [pulledLate] = mesh.relay().players;
    const story = [
      'video 20 header #1',
      'video 20 key #1',
      'video 60 #1',
      'audio 100 header #2',
      'audio 100 #2',
      'video 120 #1',
    ];
    // Before the first sound of the new configuration that is not yet the present one.
    expect(early.story).toEqual([story[0], 'audio 20 header #1', story[1], 'audio 40 #1', ...story.slice(2)]);
    const under = [story[0], 'audio 20 header #2', story[1], story[2], 'audio 100 #2', story[5]];
    expect(late.story).toEqual(under);
    expect(pulledLate?.story).toEqual(under);
    expect(relayed?.story).toEqual(early.story);
  });

  it('gets them as well where both did, at a keyframe', () => {
    const mesh = new Mesh();
    mesh.key();
    mesh.sound();
    mesh.newVideo();
    mesh.newSound();
    mesh.key();
    mesh.sound();
    mesh.inter();
    const players = [mesh.owner.join(), mesh.relay().players[0]];
    for (const player of players)
      expect(player?.story).toEqual([
        'video 100 header #2',
        'audio 100 header #2',
        'video 100 key #2',
        'audio 120 #2',
        'video 140 #2',
      ]);
  });

  it('gets no sound of a track that went long ago in this GOP, whose header is not among those of now', () => {
    const mesh = new Mesh();
    mesh.key();
    mesh.sound();
    for (let count = 0; count < 520; count += 1) mesh.inter();
    const players = [mesh.owner.join(), mesh.relay().players[0], mesh.relay(20_000).players[0]];
    const relay = mesh.relay(20_000);
    players.push(relay.join());
    for (const player of players) {
      expect(player?.story.slice(0, 2)).toEqual(['video 20 header #1', 'video 20 key #1']);
      expect(player?.story.filter((line) => line.startsWith('audio'))).toEqual([]);
    }
    mesh.sound();
    for (const player of players)
      expect(player?.story.slice(-2).map((line) => line.replace(/ \d+/, ''))).toEqual([
        'audio header #1',
        'audio #1',
      ]);
    expect(mesh.players.flatMap(wrongs)).toEqual([]);
  });

  it('never gets a frame of one under another, on any member', () => {
    const acts = ['key', 'inter', 'sound', 'newVideo', 'newSound', 'join', 'relay', 'replay'] as const;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...acts), { maxLength: 60 }), (script) => {
        const mesh = new Mesh();
        for (const act of script) {
          if (act === 'replay') mesh.relay(5000);
          else mesh[act]();
        }
        expect(mesh.players.flatMap(wrongs)).toEqual([]);
      }),
      { numRuns: amount({ short: 300, long: 20_000 }) },
    );
  });
});
