/** Breaks text at blanks so that no line with its indent is wider than `width`; each line ends in `\n`. */
export function wrapText(text: string, width: number, indent: string): string {
  let result = '';
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      result += `${indent}${line}\n`;
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return `${result}${indent}${line}\n`;
}
