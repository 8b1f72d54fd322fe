/** The commands about webhooks. */

import { Option } from 'commander';
import { type CommandSpec, listOption, numberOption } from '../command.ts';

const load = () => import('./webhooks.ts');

export const WEBHOOK_COMMANDS: CommandSpec[] = [
  {
    usage: 'list',
    isDefault: true,
    description: 'who is told what happens, how far, and what is wrong; fails while one is disabled',
    load: async () => (await load()).webhooksList,
  },
  {
    usage: 'add <name> <url>',
    description: 'have events sent to an https address; prints the secret that signs them, this once',
    options: [
      listOption('--event <kind>', 'only this kind, may be repeated: offer_repriced'),
      listOption('--tdsp <tdsp>', 'only of this one, may be repeated: ONCOR, or its DUNS'),
      new Option('--provider <id>', 'only what concerns this provider'),
      new Option('--offer <id>', 'only what concerns this offer'),
      numberOption('--min-change <cents>', 'only what moved a rate at 1,000 kWh by as much, up or down'),
      new Option('--plans', 'with the plan as it was after each event'),
    ],
    load: async () => (await load()).webhooksAdd,
  },
  {
    usage: 'show <name>',
    description: 'one of them: filter, place in the log, health, the last tries',
    load: async () => (await load()).webhooksShow,
  },
  {
    usage: 'deliveries <name>',
    description: 'its last tries, newest first',
    options: [numberOption('--limit <number>', 'how many (default: 50)')],
    load: async () => (await load()).webhooksDeliveries,
  },
  {
    usage: 'test <name>',
    description: 'send it a message of no meaning now; fails where it is not taken',
    load: async () => (await load()).webhooksTest,
  },
  {
    usage: 'pause <name>',
    description: 'send it nothing; it keeps its place in the log',
    load: async () => (await load()).webhooksPause,
  },
  {
    usage: 'resume <name>',
    description: 'go on where it was, also after it was disabled',
    load: async () => (await load()).webhooksResume,
  },
  {
    usage: 'rotate <name>',
    description: 'give it a new secret; for a day the old one signs, too',
    load: async () => (await load()).webhooksRotate,
  },
  {
    usage: 'replay <name>',
    description: 'send everything after an event once more, under the same ids',
    options: [numberOption('--since <seq>', 'the event after which to begin').makeOptionMandatory()],
    load: async () => (await load()).webhooksReplay,
  },
  {
    usage: 'remove <name>',
    description: 'send nothing there any more, and forget it',
    load: async () => (await load()).webhooksRemove,
  },
];
