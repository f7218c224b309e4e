import type { ChannelOptions } from '@grpc/grpc-js';
import { MESSAGE_LIMIT_BYTES } from '../../domain/messages/bounds.js';

/** One policy for every channel: reconnect soon (a healed network is noticed in about 1 s), ping every 20 s. */
export const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': MESSAGE_LIMIT_BYTES,
  'grpc.max_send_message_length': MESSAGE_LIMIT_BYTES,
  // Connections are chosen by certificate, so they are not shared between clients.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_http_proxy': 0,
  // A server is known by its SPIFFE ID. A fixed SNI keeps IP addresses out of it (RFC 6066 section 3).
  'grpc.ssl_target_name_override': 'server.banyan.internal',
  // gRPC would repeat a call that has been sent; which calls may be repeated is decided in rpc-channel.ts.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
};
