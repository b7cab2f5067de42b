import { spawnSync } from 'node:child_process';
import type { TaskMeta } from 'vitest';
import { HANG_MS } from './await-condition.js';

declare module 'vitest' {
  interface TaskMeta {
    /** What a skipped test lacked, and how to get it. */
    missing?: string;
  }
}

/** What tests use and a machine may lack: how to see whether it is there, and how to get it. */
const TOOLS = {
  ffmpeg: { command: 'ffmpeg', probe: ['-version'], get: 'apt-get install ffmpeg' },
  ffprobe: { command: 'ffprobe', probe: ['-version'], get: 'apt-get install ffmpeg' },
  rtmpdump: { command: 'which', probe: ['rtmpdump'], get: 'apt-get install rtmpdump' },
  mpv: { command: 'mpv', probe: ['--version'], get: 'apt-get install mpv' },
  'gst-launch-1.0 with rtmp2src': {
    command: 'gst-inspect-1.0',
    probe: ['rtmp2src'],
    get: 'apt-get install gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-plugins-bad',
  },
  cvlc: { command: 'which', probe: ['cvlc'], get: 'apt-get install vlc-bin vlc-plugin-base' },
  curl: { command: 'curl', probe: ['--version'], get: 'apt-get install curl' },
  obs: {
    command: 'sh',
    probe: ['-c', 'obs --version && which xvfb-run && which xauth'],
    get: 'apt-get install obs-studio xvfb xauth',
  },
  chromium: { command: 'chromium', probe: ['--version'], get: 'apt-get install chromium' },
  'nginx with its stream module': {
    command: 'sh',
    probe: ['-c', 'nginx -v && test -e /usr/lib/nginx/modules/ngx_stream_module.so'],
    get: 'apt-get install nginx libnginx-mod-stream',
  },
  'systemd-analyze': { command: 'systemd-analyze', probe: ['--version'], get: 'apt-get install systemd' },
  prlimit: { command: 'prlimit', probe: ['--version'], get: 'apt-get install util-linux' },
  openssl: { command: 'openssl', probe: ['version'], get: 'apt-get install openssl' },
  python3: { command: 'python3', probe: ['--version'], get: 'apt-get install python3' },
  prometheus: { command: 'promtool', probe: ['--version'], get: 'apt-get install prometheus' },
  haproxy: { command: 'haproxy', probe: ['-v'], get: 'apt-get install haproxy' },
  'file systems of its own': {
    command: 'sh',
    probe: [
      '-c',
      'd=$(mktemp -d) || exit 1; mount -t tmpfs -o size=16k tmpfs $d; ok=$?; [ $ok = 0 ] && umount $d; rmdir $d; exit $ok',
    ],
    get: 'run as root, or as a user who may mount',
  },
  IPv6: {
    command: process.execPath,
    probe: [
      '-e',
      "require('net').createServer().on('error', () => process.exit(1)).listen(0, '::1', () => process.exit(0))",
    ],
    get: 'sysctl -w net.ipv6.conf.all.disable_ipv6=0',
  },
  'network namespaces': {
    command: 'sh',
    probe: [
      '-c',
      'n=headwater-probe-$$; ip netns add $n || exit 1; ip netns exec $n iptables -w -A INPUT -m statistic --mode random --probability 0.5 -j DROP; ok=$?; ip netns del $n; exit $ok',
    ],
    get: 'as root: apt-get install iproute2 iptables',
  },
} as const;

export type Tool = keyof typeof TOOLS;

const found = new Map<Tool, boolean>();

export function hasTool(tool: Tool): boolean {
  const known = found.get(tool);
  if (known !== undefined) return known;
  const { command, probe } = TOOLS[tool];
  const answers = spawnSync(command, probe, { stdio: 'ignore', timeout: HANG_MS }).status === 0;
  found.set(tool, answers);
  return answers;
}

/** Why a test that needs these can't run, as the summary lists it; null where it can. */
export function missingTools(tools: readonly Tool[]): string | null {
  const missing = tools.filter((tool) => !hasTool(tool));
  if (missing.length === 0) return null;
  return missing.map((tool) => `needs ${tool} (get it: ${TOOLS[tool].get})`).join('; ');
}

/**
 * Options of a `describe` or test that can't do without these: `describe('a play', needs('ffmpeg'), () => …)`. Where one is missing
 * it is skipped, its hooks too, and the summary says what to install.
 */
export function needs(...tools: Tool[]): { readonly skip: boolean; readonly meta: Partial<TaskMeta> } {
  const missing = missingTools(tools);
  return missing === null ? { skip: false, meta: {} } : { skip: true, meta: { missing } };
}
