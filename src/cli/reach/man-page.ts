/** `wattsync(1)`, from the tables of commands and variables. Pure. */

import { VARIABLES, type Variable } from '../../variables.ts';
import { type CommandNode, withAllBelow } from './command-tree.ts';

/** Text for roff: a line must not begin with a control character, and a hyphen is one to be copied. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&')
    .replaceAll('`', '');

const entry = (head: string, text: string): string => `.TP\n.B ${roff(head)}\n${roff(text)}`;

const section = ({ usage, description, options }: CommandNode): string =>
  [
    `.SS "${roff(usage.replace('wattsync ', ''))}"`,
    roff(`${description}.`),
    ...options.map(({ flags, description }) => entry(flags, description)),
  ].join('\n');

const variable = ([name, [unset, , meaning]]: [string, Variable]): string =>
  entry(name, `${meaning}${unset === null ? '' : ` (${String(unset)})`}`);

export const manPage = (
  root: CommandNode,
  version: string,
): string => `.TH WATTSYNC 1 "" "wattsync ${version}" "User Commands"
.SH NAME
wattsync \\- Texas electricity plans, synchronised, stored with their history, served
.SH SYNOPSIS
.B wattsync
.I command
[options]
.SH DESCRIPTION
${roff(root.description)}
.PP
Every command takes
.B \\-\\-json
(one JSON object on standard output) and
.BR \\-\\-help .
.SH COMMANDS
${withAllBelow(root)
  .filter(({ children }) => children.length === 0)
  .map(section)
  .join('\n')}
.SH EXIT STATUS
0 fine, 1 failed or unhealthy, 2 bad usage.
.SH ENVIRONMENT
${Object.entries(VARIABLES as Record<string, Variable>)
  .map(variable)
  .join('\n')}
.SH FILES
.TP
.B .env
Variables for a start in its folder; those of the environment go first.
.TP
.B .wattsync/
The embedded PostgreSQL and the exports, unless WATTSYNC_DATA_DIR says otherwise.
`;
