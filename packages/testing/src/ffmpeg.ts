import { type ChildProcess, spawn } from 'node:child_process';
import { HANG_MS } from './await-condition.js';

/** A finished run: exit code, and all that it printed. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, killed after `timeoutMs`. */
export function run(program: string, args: readonly string[], timeoutMs = HANG_MS): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** ffmpeg publishing a test picture and tone in real time until `stop`. */
export class TestPublisher {
  readonly #child: ChildProcess;
  readonly exited: Promise<number | null>;
  stderr = '';

  constructor(url: string, seconds = 600) {
    const args = [
      ['-v', 'warning', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25'],
      ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100', '-t', String(seconds)],
      ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '25', '-pix_fmt', 'yuv420p'],
      ['-c:a', 'aac', '-b:a', '64k', '-ac', '2', '-f', 'flv', url],
    ].flat();
    this.#child = spawn('ffmpeg', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (text) => {
      this.stderr += text;
    });
    this.exited = new Promise((resolve) => this.#child.on('close', resolve));
  }

  /** Ends it as a crash would; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}

/** What ffprobe saw of so many seconds. */
export interface Probe {
  readonly video: number;
  readonly audio: number;
  readonly width: number;
  /** Largest step back of decoding time within a track, seconds; 0 where it never went back. */
  readonly backwards: number;
  readonly run: Run;
}

/** Plays a stream for so many seconds of media and counts its packets. */
export async function probe(url: string, seconds: number, timeoutMs = HANG_MS): Promise<Probe> {
  const args = [
    '-v',
    'error',
    '-show_packets',
    '-show_streams',
    '-of',
    'json',
    '-read_intervals',
    `%+${seconds}`,
    url,
  ];
  const done = await run('ffprobe', args, timeoutMs);
  const parsed = JSON.parse(done.stdout || '{}') as {
    packets?: { codec_type: string; dts_time?: string }[];
    streams?: { codec_type: string; width?: number }[];
  };
  const packets = parsed.packets ?? [];
  const last = new Map<string, number>();
  let backwards = 0;
  for (const { codec_type: track, dts_time: time } of packets) {
    const at = Number(time);
    backwards = Math.max(backwards, (last.get(track) ?? at) - at);
    last.set(track, at);
  }
  return {
    video: packets.filter((packet) => packet.codec_type === 'video').length,
    audio: packets.filter((packet) => packet.codec_type === 'audio').length,
    width: parsed.streams?.find((stream) => stream.codec_type === 'video')?.width ?? 0,
    backwards,
    run: done,
  };
}
