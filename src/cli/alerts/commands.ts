/** The commands about alerts. */

import { Option } from 'commander';
import { type CommandSpec, numberOption } from '../command.ts';

const SUBJECT = new Option('--subject <subject>', 'only this one: Oncor, "process 12 on web-1"');

export const ALERT_COMMANDS: CommandSpec[] = [
  {
    usage: 'list',
    isDefault: true,
    description: 'what fires, what is held back and why; fails while anything fires that nobody knows of',
    load: async () => (await import('./alerts.ts')).alertsList,
  },
  {
    usage: 'ack <rule>',
    description: 'say that somebody is at it: no reminders until then, or until it worsens',
    options: [
      SUBJECT,
      new Option('--for <time>', 'how long: 90m, 4h (default), 2d'),
      new Option('--note <text>', 'what others should know'),
      new Option('--end', 'take it back'),
    ],
    load: async () => (await import('./alerts.ts')).alertsAck,
  },
  {
    usage: 'silence <rule>',
    description:
      'tell nobody until then ("*" with --subject: every rule); what still fires then is told again',
    options: [
      SUBJECT,
      new Option('--for <time>', 'how long: 90m, 1h (default), 2d'),
      new Option('--reason <text>', 'why; needed'),
      new Option('--end', 'end the silence of this number'),
    ],
    load: async () => (await import('./alerts.ts')).alertsSilence,
  },
  {
    usage: 'history',
    description: 'what fired, resolved, was acknowledged and silenced, and by whom',
    options: [
      numberOption('--days <number>', 'how far back (default: 7)'),
      new Option('--rule <rule>', 'only of this rule'),
      numberOption('--limit <number>', 'the most lines (default: 100)'),
    ],
    load: async () => (await import('./alerts.ts')).alertsHistory,
  },
  {
    usage: 'test',
    description: 'send a message over every channel, and tell how each went',
    load: async () => (await import('./alerts.ts')).alertsTest,
  },
];
