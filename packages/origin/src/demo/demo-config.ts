import { parseDocument } from 'yaml';

/** Where one origin of the demo listens. */
export interface DemoPorts {
  readonly rtmp: number;
  readonly http: number;
  readonly api: number;
  readonly mesh: number;
}

/** The config of one origin of the demo: the template with another name and other ports, and nothing else changed. */
export interface DemoConfig {
  readonly name: string;
  readonly yaml: string;
  readonly ports: DemoPorts;
}

const PORT_KEYS = ['rtmp', 'http', 'api', 'mesh'] as const;

/**
 * Configs of `count` origins. The template's ports are the first origin's; each next one takes the next port.
 *
 * @param template text of conf/demo.yml
 * @param portOffset added to every port, for machines where the usual ones are taken
 */
export function demoConfigs(template: string, count: number, portOffset: number): DemoConfig[] {
  const configs: DemoConfig[] = [];
  for (let index = 0; index < count; index += 1) {
    const document = parseDocument(template);
    const name = `origin-${index + 1}`;
    document.set('name', name);
    const ports = { rtmp: 0, http: 0, api: 0, mesh: 0 };
    for (const key of PORT_KEYS) {
      const first = document.getIn([key, 'port']);
      if (typeof first !== 'number') throw new Error(`conf/demo.yml has no ${key}.port`);
      ports[key] = first + portOffset + index;
      document.setIn([key, 'port'], ports[key]);
    }
    const seed = configs[0]?.ports.mesh ?? ports.mesh;
    // Who starts a demo and ends it wants it to end.
    document.setIn(['drain', 'deadlineMs'], 0);
    document.setIn(['mesh', 'seeds'], [`127.0.0.1:${seed}`]);
    configs.push({ name, yaml: document.toString(), ports });
  }
  return configs;
}
