import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { eventually } from '../../e2e/harness/eventually.js';
import { CLI_ENTRY, type CliEnvironment } from './banyan-cli.js';

const COLUMNS = 130;
const ROWS = 40;
/** Node starts, asks, and the machine may be busy. */
const LIMIT_MS = 30_000;

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * A real terminal, by tmux: a command line runs in it, keys are pressed, and the screen is read as a person sees it.
 * tmux has a server of its own per terminal, without anybody's configuration.
 */
export class Terminal {
  readonly #socket = `banyan-${randomUUID()}`;

  private constructor() {}

  /** Starts a shell in which `banyan` is the command line under test. */
  static async open(env: CliEnvironment): Promise<Terminal> {
    const terminal = new Terminal();
    const settings = Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}`);
    const shell = [
      'env',
      '-i',
      `PATH=${process.env['PATH'] ?? ''}`,
      'TERM=screen-256color',
      'LANG=C.UTF-8',
      "PS1='$ '",
    ];
    const session = ['-f', '/dev/null', '-u', 'new-session', '-d', '-x', String(COLUMNS), '-y', String(ROWS)];
    terminal.#tmux(...session, [...shell, ...settings, 'bash', '--norc', '--noprofile'].join(' '));
    const node = `${quoted(process.execPath)} ${quoted(CLI_ENTRY)}`;
    terminal.run(`banyan() { ${node} "$@"; echo "ended with $?"; }; clear`);
    await terminal.shows(/^\$ *$/m);
    return terminal;
  }

  /** Types a line and presses Enter. */
  run(line: string): void {
    this.#tmux('send-keys', '-l', line);
    this.press('Enter');
  }

  /** Presses a key, by tmux's name for it: Enter, C-c. */
  press(key: string): void {
    this.#tmux('send-keys', key);
  }

  /** The screen as a person sees it. */
  get screen(): string {
    return this.#tmux('capture-pane', '-p').trimEnd();
  }

  /** The screen with the sequences that colour it. */
  get coloredScreen(): string {
    return this.#tmux('capture-pane', '-p', '-e').trimEnd();
  }

  /** Everything that has scrolled away, and the screen. */
  get history(): string {
    return this.#tmux('capture-pane', '-p', '-S', '-');
  }

  /** Waits until the screen shows it; fails with the screen. */
  shows(what: RegExp, limitMs = LIMIT_MS): Promise<string> {
    return eventually(`the terminal shows ${what}`, { limitMs, everyMs: 50 }, () => {
      const { screen } = this;
      if (what.test(screen)) return screen;
      throw new Error(`it shows\n${screen}`);
    });
  }

  close(): void {
    this.#tmux('kill-server');
  }

  #tmux(...words: string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}
