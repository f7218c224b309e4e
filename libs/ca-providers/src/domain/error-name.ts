/** A text property of anything that was thrown, `code` of Node's errors or `name`; empty where there is none. */
export const errorText = (error: unknown, property: 'code' | 'name'): string => {
  if (typeof error !== 'object' || error === null) return '';
  const value: unknown = Reflect.get(error, property);
  return typeof value === 'string' ? value : '';
};
