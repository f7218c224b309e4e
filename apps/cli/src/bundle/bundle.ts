import { gzipSync } from 'node:zlib';
import { type TarFile, tarOf } from './tar.js';

/** What goes into a bundle, in the order in which it was added. */
export class Bundle {
  readonly #files: TarFile[] = [];

  /** All files stand in one folder of that name. */
  constructor(private readonly folder: string) {}

  addText(name: string, text: string): void {
    this.#files.push({ name: `${this.folder}/${name}`, content: Buffer.from(text) });
  }

  addJson(name: string, value: unknown): void {
    this.addText(`${name}.json`, `${JSON.stringify(value, null, 2)}\n`);
  }

  get names(): readonly string[] {
    return this.#files.map(({ name }) => name);
  }

  /** As .tar.gz, made at that moment. */
  packed(at: number): Buffer {
    return gzipSync(tarOf(this.#files, at));
  }
}
