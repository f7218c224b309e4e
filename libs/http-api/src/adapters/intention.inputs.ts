import { defineInput, queryRequired, querySwitch, queryText, queryTexts, refuse } from '@banyan/http-kit';
import { intentionBodySchema } from '@banyan/intentions';

const pair = { source: queryRequired('source'), destination: queryRequired('destination') };

export const listInput = defineInput({});
export const exactInput = defineInput({ query: pair });
export const exactWriteInput = defineInput({ query: pair, body: intentionBodySchema });

export const checkInput = defineInput({
  query: {
    ...pair,
    why: querySwitch('why'),
    'source-type': queryText(32).transform((type, context): 'consul' =>
      type === undefined || type === 'consul'
        ? 'consul'
        : refuse(context, "parameter 'source-type' must be 'consul'", 'REQUEST_PARAMETER_MISSING'),
    ),
  },
});

export const matchInput = defineInput({
  query: {
    by: queryRequired('by').transform((by, context): 'source' | 'destination' =>
      by === 'source' || by === 'destination'
        ? by
        : refuse(context, "parameter 'by' must be either 'source' or 'destination'", 'REQUEST_PARAMETER_MISSING'),
    ),
    name: queryTexts().transform((names, context): readonly string[] =>
      names.some((name) => name !== '')
        ? names.filter((name) => name !== '')
        : refuse(context, "required query parameter 'name' not set", 'REQUEST_PARAMETER_MISSING'),
    ),
  },
});
