import type { ComponentChildren } from 'preact';

export interface SectionProps {
  readonly title: string;
  /** Beside the title, to the right: buttons, badges. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly class?: string;
}

/** A titled part of a page. */
export const Section = ({ title, aside, children, class: name = '' }: SectionProps) => (
  <section class={`section ${name}`} aria-label={title}>
    <header class="section-head">
      <h2>{title}</h2>
      {aside !== undefined && <div class="section-aside">{aside}</div>}
    </header>
    {children}
  </section>
);

/** The head of a page: its title and what the page answers in one line. */
export function PageHead(props: {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly aside?: ComponentChildren;
}) {
  return (
    <header class="page-head">
      <div>
        <h1>{props.title}</h1>
        {props.children !== undefined && <p class="page-summary">{props.children}</p>}
      </div>
      {props.aside !== undefined && <div class="section-aside">{props.aside}</div>}
    </header>
  );
}

export interface Fact {
  readonly name: string;
  readonly value: ComponentChildren;
}

/** Names and values, side by side. */
export const Facts = ({ facts }: { readonly facts: readonly Fact[] }) => (
  <dl class="facts">
    {facts.map(({ name, value }) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);
