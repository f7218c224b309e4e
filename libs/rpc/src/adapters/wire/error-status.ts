import { BanyanError, ERROR_CODES, type ErrorCode, type ErrorFields, isBanyanError } from '@banyan/kernel';
import { Metadata, type ServiceError, status, type StatusObject } from '@grpc/grpc-js';
import { STATUS_OF_CODE } from './status-of-code.js';

const CODE_KEY = 'banyan-code';
const FIELDS_KEY = 'banyan-fields-bin';
/** Trailers share HTTP/2's 16 KiB header list with the peer's own; percent-encoding may treble a message. */
const MESSAGE_LIMIT = 1500;
const FIELDS_LIMIT_BYTES = 2048;

/** The trailers of a failed call: the status for any gRPC client, the code and fields for banyan's own. */
export const statusOf = (error: unknown): StatusObject => {
  const metadata = new Metadata();
  if (!isBanyanError(error)) {
    metadata.set(CODE_KEY, 'INTERNAL');
    return { code: status.INTERNAL, details: 'a defect of the server; its log has the reason', metadata };
  }
  metadata.set(CODE_KEY, error.code);
  const fields = Buffer.from(JSON.stringify(error.fields));
  if (fields.length > 2 && fields.length <= FIELDS_LIMIT_BYTES) metadata.set(FIELDS_KEY, fields);
  // Through bytes, because a lone surrogate in a message makes grpc-js throw while it encodes the trailers.
  const details = Buffer.from(error.message.slice(0, MESSAGE_LIMIT)).toString();
  return { code: STATUS_OF_CODE[error.code], details, metadata };
};

/** Which failure codes an end of a connection speaks with. */
export type UnreachableCode = Extract<ErrorCode, 'SERVER_UNREACHABLE' | 'DATACENTER_UNREACHABLE'>;

const isErrorCode = (text: unknown): text is ErrorCode => typeof text === 'string' && Object.hasOwn(ERROR_CODES, text);

const fieldsOf = (metadata: Metadata): ErrorFields => {
  const [bytes] = metadata.get(FIELDS_KEY);
  if (!Buffer.isBuffer(bytes) || bytes.length > FIELDS_LIMIT_BYTES) return {};
  const parsed: unknown = JSON.parse(bytes.toString());
  return typeof parsed === 'object' && parsed !== null ? (parsed as ErrorFields) : {};
};

/** Whether a call failed in transport, before or without an answer of banyan's code on the other side. */
export const isTransportFailure = (error: ServiceError): boolean =>
  error.metadata.get(CODE_KEY).length === 0 &&
  (error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED);

/** What gRPC itself says when no code of ours came along; any other status is a defect. */
const CODE_OF_STATUS: ReadonlyMap<status, ErrorCode> = new Map([
  [status.CANCELLED, 'ABORTED'],
  [status.UNIMPLEMENTED, 'METHOD_NOT_ALLOWED'],
  [status.RESOURCE_EXHAUSTED, 'REQUEST_TOO_LARGE'],
  [status.UNAUTHENTICATED, 'PEER_UNAUTHENTICATED'],
  [status.PERMISSION_DENIED, 'PEER_NOT_ALLOWED'],
]);

/** The error a server threw, rebuilt from a failed call with the same code, message and fields. */
export const errorOf = (error: ServiceError, unreachable: UnreachableCode): BanyanError => {
  const [code] = error.metadata.get(CODE_KEY);
  if (isErrorCode(code)) return new BanyanError(code, error.details, { fields: fieldsOf(error.metadata) });
  const plain = isTransportFailure(error) ? unreachable : (CODE_OF_STATUS.get(error.code) ?? 'INTERNAL');
  return new BanyanError(plain, error.details, { cause: error });
};
