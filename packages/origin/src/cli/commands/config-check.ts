import { checkCertificates } from '@headwater/media/certificates';
import { problemText } from '../../config/setting.js';
import { HeadwaterError } from '../../errors.js';
import { checkRules } from '../../guard-config.js';
import type { Command } from '../command.js';
import { loadGiven, PRECEDENCE_NOTE, SET_FLAG } from '../config-flags.js';
import { EXIT } from '../io.js';
import { paintFor } from '../paint.js';

export const CONFIG_CHECK: Command = {
  name: 'config check',
  operand: 'FILE',
  summary:
    'Check a config file, with the environment, and the certificates that it names, without starting anything. Shows all errors at once.',
  flags: [SET_FLAG],
  notes: [PRECEDENCE_NOTE, 'Exit status 0 where all is well, 2 where anything is wrong.'],
  async run(given, io) {
    const paint = paintFor(io.stdout.isTTY === true, io.env);
    const file = given.positionals[0] ?? '';
    const { config, effective, warnings } = await loadGiven(given, file, io);
    checkRules(config);
    const certificates = await checkCertificates(config.tls.certificates, Date.now());
    if (certificates.errors.length > 0)
      throw new HeadwaterError('CERTIFICATE_UNUSABLE', 'not all of tls.certificates can be used', {
        details: certificates.errors,
      });
    for (const warning of certificates.warnings)
      io.stdout.write(`${paint.yellow('warning')} tls.certificates: ${warning}\n`);
    for (const warning of warnings) io.stdout.write(`${paint.yellow('warning')} ${problemText(warning)}\n`);
    const count = (kind: string) => effective.filter(({ source }) => source.kind === kind).length;
    const counts = [
      `${count('file')} from the file`,
      `${count('environment')} from the environment`,
      ...(count('set') > 0 ? [`${count('set')} from --set`] : []),
      `${count('default')} left at the default`,
    ];
    io.stdout.write(`${paint.green('ok')} ${file}: of ${effective.length} keys ${counts.join(', ')}\n`);
    return EXIT.ok;
  },
};
