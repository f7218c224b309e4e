// Answers
export { answerLimitMs } from './domain/answer-limit.js';
export {
  Answer,
  answerBlocking,
  answerEmpty,
  answerJson,
  answerParts,
  answerText,
  begun,
  indexHeaders,
} from './domain/answer.js';
export { type AnsweredRequest, countAnswers } from './adapters/count-answers.js';
export { answerForError } from './domain/error-answer.js';
export { ERROR_STATUS } from './domain/error-status.js';
export { jsonText, rawInteger } from './domain/json-text.js';
// Input
export type { CommonQuery } from './domain/common-query.js';
export { defineInput, type InputOf, InputSchema, pathText } from './domain/input.js';
export {
  queryDuration,
  queryPresent,
  queryRequired,
  querySwitch,
  queryText,
  queryTexts,
  refuse,
} from './domain/query-fields.js';
export { tokenOf } from './domain/token-lookup.js';
// Routes
export { Call, callOf, HttpCall } from './adapters/http-call.js';
export { Access, Audited, Input, Local, NoInput, Public, ReadsOnly } from './adapters/route-decorators.js';
export { listRoutes, type Route } from './adapters/list-routes.js';
// The application
export { OperationsController } from './adapters/operations.controller.js';
export { MetricsText } from './ports/metrics-text.js';
export { CallerResolver } from './ports/caller-resolver.js';
export { CallWitness, type WitnessedCall } from './ports/call-witness.js';
export { DatacenterForwarder, type ForwardedAnswer, type ForwardedRequest } from './ports/datacenter-forwarder.js';
export { isFromBrowser } from './adapters/browser-hook.js';
export { serveStaticPages, type StaticPages } from './adapters/static-pages.js';
export { createHttpApplication, type HttpApplicationOptions } from './adapters/create-http-application.js';
export { type InjectedAnswer, type InjectedRequest, injectHttp } from './adapters/inject-http.js';
export { type WatchedAnswer, watchHttp, type WatchHttpOptions } from './adapters/watch-http.js';
