import { CERTIFICATES, MAPS, NAMES, PARTS, SENTENCES } from './kept-fields.js';
import type { Scrubber } from './scrubber.js';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const SPAN = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;
/** A name is short; what is longer under such a field is something else. */
const LONGEST_NAME = 512;

/** A certificate in PEM, and nothing beside it. */
const CERTIFICATE = /^(?:\s*-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----\s*)+$/;

/** The answer itself, or a member of a map. */
const WHOLE = '';

const placeholder = (text: string): string => (text === '' ? '' : `<${text.length} characters>`);

const keptText = (text: string, field: string, scrubber: Scrubber): string => {
  if (TIME.test(text) || SPAN.test(text)) return text;
  if (NAMES.has(field) && text.length <= LONGEST_NAME) {
    scrubber.allow(text);
    return scrubber.text(text);
  }
  if (SENTENCES.has(field)) return scrubber.text(text);
  return CERTIFICATES.has(field) && CERTIFICATE.test(text) ? text : placeholder(text);
};

const keepMembers = (value: object, isLookedAt: boolean, isMap: boolean, scrubber: Scrubber): unknown =>
  Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      const isInner = isMap && item !== null && typeof item === 'object' && !Array.isArray(item);
      return [name, keepValue(item, isInner ? WHOLE : name.toLowerCase(), isLookedAt, scrubber)];
    }),
  );

const keepValue = (value: unknown, field: string, isLookedAt: boolean, scrubber: Scrubber): unknown => {
  if (typeof value === 'string') return keptText(value, isLookedAt ? field : '', scrubber);
  if (Array.isArray(value)) return value.map((item: unknown) => keepValue(item, field, isLookedAt, scrubber));
  if (value === null || typeof value !== 'object') return value;
  return keepMembers(
    value,
    isLookedAt && (field === WHOLE || PARTS.has(field) || MAPS.has(field)),
    MAPS.has(field),
    scrubber,
  );
};

/**
 * An answer or log record with every number, switch and moment, and the texts of the fields that are named as kept; of any
 * other text only its length.
 */
export const keepFields = (value: unknown, scrubber: Scrubber): unknown => keepValue(value, WHOLE, true, scrubber);
