export { type RawHttpAnswer, rawHttp, type RawHttpRequest } from './http/raw-http.js';
export { testKeyEncryption, type TestStores, withTestStore } from './test-postgres.js';
