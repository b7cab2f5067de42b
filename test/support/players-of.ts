import { awaitCondition } from '@headwater/testing/await-condition';
import { expect, inject } from 'vitest';
import { type Player, play } from './ffmpeg.js';
import { type FlvPlay, playHttp, playWebSocket } from './flv-client.js';
import type { OriginProcess } from './origin-process.js';
import { SampleOrder } from './sample-order.js';
import { SampleTags } from './sample-tags.js';
import type { Scope } from './scope.js';

/** A player of each protocol, all of one stream on one origin, each on the connection that it began with. */
export class PlayersOf {
  readonly rtmp: Player;
  readonly http: FlvPlay;
  readonly webSocket: FlvPlay;

  constructor(scope: Scope, origin: OriginProcess, stream: string) {
    this.rtmp = play(scope, origin.rtmpUrl(stream));
    this.http = playHttp(scope, origin.flvUrl(stream));
    this.webSocket = playWebSocket(scope, origin.wsUrl(stream));
  }

  /** Waits until each has so many pictures more; fails where one was disconnected or its time went back. */
  async playOn(frames: number): Promise<void> {
    const readers = [this.http.reader, this.webSocket.reader];
    const before = readers.map((reader) => reader.pictures.length);
    await this.rtmp.playsOn(frames);
    await awaitCondition(
      `${frames} more pictures over HTTP and WebSocket`,
      () => readers.every((reader, index) => reader.pictures.length >= (before[index] ?? 0) + frames),
      { progress: () => readers.map((reader) => reader.pictures.length).join() },
    );
    this.areWell();
  }

  areWell(): void {
    expect([this.rtmp.isRunning, this.http.end, this.webSocket.end]).toEqual([true, null, null]);
    expect(this.rtmp.stepsBack).toEqual([]);
  }

  /** Where a recording is not the made sample, frame by frame; empty where none is lost, doubled or changed. */
  breaks(): readonly string[] {
    const sample = new SampleTags(inject('sampleFlv'));
    const flv = [this.http.reader, this.webSocket.reader].flatMap((reader) => [
      ...sample.pictureBreaks(reader),
      ...sample.soundBreaks(reader),
    ]);
    return [...new SampleOrder().breaks(this.rtmp.frames), ...flv];
  }
}
