import type { HttpRequest } from '../../domain/messages/http-messages.js';

/** Whether a request may be sent a second time after it may have been carried out: reading changes nothing. */
export const isRepeatableRequest = ({ method }: HttpRequest): boolean => method === 'GET' || method === 'HEAD';
