import { StringDecoder } from 'node:string_decoder';

/**
 * Cuts text that comes in pieces into lines as Java's `BufferedReader.readLine`: a line ends in `\n`, `\r` or `\r\n`,
 * and what is behind the last end is a line unless it is empty. Bytes that are no UTF-8 become U+FFFD.
 */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  private skipsLineFeed = false;

  /** The lines that end in this piece. */
  push(bytes: Buffer): string[] {
    return this.cut(this.decoder.write(bytes));
  }

  /** What is left at the end of the input. */
  end(): string[] {
    const lines = this.cut(this.decoder.end());
    if (this.rest !== '') lines.push(this.rest);
    this.rest = '';
    return lines;
  }

  private cut(piece: string): string[] {
    let text = this.rest + piece;
    if (this.skipsLineFeed && text.length > 0) {
      if (text.startsWith('\n')) text = text.slice(1);
      this.skipsLineFeed = false;
    }
    const lines = text.includes('\r') ? text.split(/\r\n|\n|\r/) : text.split('\n');
    // The line feed of a carriage return at the very end may be still to come.
    this.skipsLineFeed = text.endsWith('\r');
    this.rest = lines.pop() ?? '';
    return lines;
  }
}
