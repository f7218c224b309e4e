import { BanyanError } from '@banyan/kernel';

/** A file of an archive. */
export interface TarFile {
  /** With folders, by `/`; at most 100 bytes. */
  readonly name: string;
  readonly content: Buffer;
}

const BLOCK = 512;
const LONGEST_NAME = 100;

/** Name, offset and length of the fields of a ustar header (POSIX.1-1988) that are filled. */
const FIELDS = {
  name: [0, LONGEST_NAME],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
} as const;

const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;

const headerOf = ({ name, content }: TarFile, seconds: number): Buffer => {
  const header = Buffer.alloc(BLOCK);
  const put = (field: keyof typeof FIELDS, text: string): void =>
    void header.write(text, FIELDS[field][0], FIELDS[field][1], 'utf8');
  put('name', name);
  put('mode', octal(0o600, 8));
  put('uid', octal(0, 8));
  put('gid', octal(0, 8));
  put('size', octal(content.length, 12));
  put('mtime', octal(seconds, 12));
  // The sum is made with its own field as spaces.
  put('checksum', ' '.repeat(8));
  put('type', '0');
  put('magic', 'ustar\x0000');
  const sum = header.reduce((total, byte) => total + byte, 0);
  put('checksum', `${sum.toString(8).padStart(6, '0')}\0 `);
  return header;
};

/** A tar archive of plain files that only their owner may read. Throws `INTERNAL` for a name that is too long. */
export const tarOf = (files: readonly TarFile[], at: number): Buffer => {
  const seconds = Math.floor(at / 1_000);
  const parts = files.flatMap((file) => {
    if (Buffer.byteLength(file.name) > LONGEST_NAME)
      throw new BanyanError('INTERNAL', `${file.name} is too long a name`);
    const padding = Buffer.alloc((BLOCK - (file.content.length % BLOCK)) % BLOCK);
    return [headerOf(file, seconds), file.content, padding];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
};
