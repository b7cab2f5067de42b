import mpegts from 'mpegts.js';

export interface PlayerFigures {
  readonly framesDecoded: number;
  readonly framesDropped: number;
  /** How far the picture is behind what has come, s. */
  readonly behindS: number;
  readonly width: number;
  readonly height: number;
}

/** Plays one live stream from one member in a video element. This module is loaded where somebody plays, and only there. */
export class LivePlayer {
  readonly #video: HTMLVideoElement;
  readonly #player: mpegts.Player;
  #isClosed = false;

  /** `url`: of WebSocket-FLV. `onEnd` hears once why nothing more comes. */
  constructor(video: HTMLVideoElement, url: string, onEnd: (why: string) => void) {
    if (!mpegts.isSupported()) throw new Error('This browser cannot play live media from memory.');
    mpegts.LoggingControl.enableAll = false;
    this.#video = video;
    this.#player = mpegts.createPlayer(
      { type: 'flv', isLive: true, url },
      {
        enableWorker: false,
        enableStashBuffer: false,
        liveBufferLatencyChasing: true,
        autoCleanupSourceBuffer: true,
      },
    );
    const end = (why: string): void => {
      if (!this.#isClosed) onEnd(why);
    };
    this.#player.on(mpegts.Events.ERROR, (kind: string, detail: string) =>
      end(`the play failed: ${kind}, ${detail}`),
    );
    this.#player.on(mpegts.Events.LOADING_COMPLETE, () => end('the stream ended there'));
    this.#player.attachMediaElement(video);
    this.#player.load();
    Promise.resolve(this.#player.play()).catch(() => {});
  }

  figures(): PlayerFigures {
    const { buffered, currentTime, videoWidth: width, videoHeight: height } = this.#video;
    const quality = this.#video.getVideoPlaybackQuality();
    const end = buffered.length > 0 ? buffered.end(buffered.length - 1) : currentTime;
    return {
      framesDecoded: quality.totalVideoFrames,
      framesDropped: quality.droppedVideoFrames,
      behindS: Math.max(0, end - currentTime),
      width,
      height,
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#player.destroy();
  }
}
