/** Breaks a text between words so that no line is longer than the screen; a word that is longer stays whole. */
export function wrap(text: string, indent: string, width: number = screenWidth()): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.join(`\n${indent}`);
}

/** Of the terminal, at most 100: longer lines are hard to read. 80 where nobody watches one. */
export function screenWidth(): number {
  return Math.min(process.stdout.columns ?? 80, 100);
}
