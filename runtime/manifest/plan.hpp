#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/expression/program.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/manifest/diagnostic.hpp"
#include "runtime/manifest/live_plan.hpp"
#include "runtime/manifest/lode_extension.hpp"

/// The plan: what a manifest says, checked and compiled. Pure data, immutable once loaded and shared
/// as `std::shared_ptr<const source_plan>`. Nothing in it depends on a tenant: what does (config,
/// secrets, page tokens) reaches its programs through the evaluation context.
namespace lode {

using expression::program;

/// Keys and values of a flat request map; both are templates. Values go through `evaluate_entry`.
using template_entries = std::vector<std::pair<program, program>>;

/// A JSON body whose texts (keys too) are templates at any depth.
struct template_tree {
  using list = std::vector<template_tree>;
  using map = std::vector<std::pair<program, template_tree>>;
  /// A constant (number, bool, none), a template, a list or a map.
  std::variant<expression::value, program, list, map> node;
};

/// Where a value is put into a request.
struct request_option {
  enum class place : uint8_t { parameter, header, body_form, body_json };
  place into = place::parameter;
  program field_name;              ///< empty when field_path is given
  std::vector<program> field_path; ///< nested place in body_json; empty when field_name is given
};

enum class http_method : uint8_t { get, post, put, patch, delete_, head };

// -- authentication ---------------------------------------------------------------------------

struct no_auth {};

struct api_key_auth {
  request_option into;
  program token;
};

struct bearer_auth {
  program token;
};

struct basic_auth {
  program username;
  program password; ///< may be empty
};

/// OAuth2: an access token is fetched with a POST form and kept until it expires.
struct oauth_auth {
  /// How a single-use refresh token's successor is stored back into the connection's config.
  struct token_updater {
    std::string refresh_token_name = "refresh_token"; ///< its name in the token response
    field_path access_token_path{"credentials", "access_token"};
    field_path refresh_token_path{"credentials", "refresh_token"};
    field_path expiry_path{"credentials", "token_expiry_date"};
  };
  program endpoint;
  program client_id;
  program client_secret;
  program refresh_token; ///< empty for the client_credentials grant
  program grant_type;    ///< "refresh_token" unless given
  std::vector<std::string> scopes;
  std::string client_id_name = "client_id";
  std::string client_secret_name = "client_secret";
  std::string refresh_token_name = "refresh_token"; ///< its name in the form
  std::string grant_type_name = "grant_type";
  std::string access_token_name = "access_token"; ///< searched recursively in the response
  std::string expires_in_name = "expires_in";
  std::string token_expiry_format; ///< of expires_in when it is a date; empty = seconds from now
  template_entries extra_body;
  template_entries headers; ///< if one is Authorization, client id and secret stay out of the form
  std::optional<token_updater> updater; ///< set = the refresh token is single-use and rotates
};

using authenticator_plan = std::variant<no_auth, api_key_auth, bearer_auth, basic_auth, oauth_auth>;

// -- requests ---------------------------------------------------------------------------------

struct no_body {};
struct json_body {
  template_tree content;
};
struct form_body {
  template_entries fields;
};
/// A body sent as it is rendered; cannot be combined with another source of body fields.
struct text_body {
  program content;
};

struct requester_plan {
  http_method method = http_method::get;
  program url_base;
  program path; ///< may be empty: url_base unchanged
  template_entries parameters;
  template_entries headers;
  std::variant<no_body, json_body, form_body, text_body> body;
  authenticator_plan authenticator;
};

// -- errors and retries -----------------------------------------------------------------------

enum class response_action : uint8_t { success, retry, fail, ignore, rate_limited, reset_pagination };

/// Matches when the status is one of the codes OR the predicate holds OR the response's error
/// message contains the text.
struct response_filter {
  response_action action = response_action::fail;
  std::vector<uint16_t> codes;
  std::optional<program> predicate;   ///< names: response, headers, parameters; no config
  std::string error_message_contains; ///< empty = not used
  program error_message;              ///< what people are told; empty = a message of ours
  bool needs_person = false; ///< failure_type config_error: the credentials or the configuration are at fault
};

struct constant_backoff {
  program seconds;
};
struct exponential_backoff {
  program factor; ///< wait = factor x 2^attempt, attempt from 1
};
/// Waits as many seconds as a header says.
struct wait_time_from_header {
  program header;
  program pattern;                                      ///< first group is the number; may be empty
  std::optional<std::chrono::seconds> longest; ///< a longer wait fails instead
};
/// Waits until the epoch second that a header names.
struct wait_until_from_header {
  program header;
  program pattern;
  program shortest; ///< floor in seconds; may be empty
};
using backoff_strategy = std::variant<constant_backoff, exponential_backoff, wait_time_from_header,
                                      wait_until_from_header>;

struct error_handler_plan {
  std::vector<response_filter> filters;
  std::vector<backoff_strategy> backoffs; ///< the first that yields a wait is used
  std::optional<uint32_t> max_retries;    ///< absent = retry_defaults::retries
};

/// How a page is tried again where the source's own rules say nothing. A node gives its settings.
struct retry_defaults {
  uint32_t retries = 5;
  std::chrono::milliseconds shortest{1'000}; ///< before the first retry; doubles each time
  std::chrono::milliseconds longest{300'000};
};

/// The handlers in order. One is a DefaultErrorHandler, more are a CompositeErrorHandler (nested
/// ones are flattened), none means the default table alone.
struct error_rules_plan {
  std::vector<error_handler_plan> handlers;
  retry_defaults defaults;
};

// -- paging -----------------------------------------------------------------------------------

struct no_paging {};

/// The token of the next page is the next request's URL (or path).
struct token_is_request_path {};
using page_token_option = std::variant<std::monostate, token_is_request_path, request_option>;

struct cursor_paging {
  program cursor_value;
  std::optional<program> stop_condition;
  std::optional<program> page_size;
};

struct page_number_paging {
  std::optional<program> page_size;
  int64_t start_from_page = 0;
  bool inject_on_first_request = false;
};

struct offset_paging {
  std::optional<program> page_size; ///< may read `response`
  bool inject_on_first_request = false;
};

struct paginator_plan {
  std::variant<no_paging, cursor_paging, page_number_paging, offset_paging> strategy;
  page_token_option token_option;
  std::optional<request_option> page_size_option;
};

// -- records ----------------------------------------------------------------------------------

struct record_selector_plan {
  std::vector<program> field_path; ///< empty = the body itself; elements may be dpath globs
  std::optional<program> filter;
  bool transform_before_filtering = false;
};

/// Adds one field; later additions see earlier ones.
struct added_field {
  enum class type : uint8_t { any, text, number, integer, boolean };
  std::vector<program> path;
  program value;
  type value_type = type::any;
  std::optional<program> condition;
};
struct add_fields {
  std::vector<added_field> fields;
};
struct remove_fields {
  std::vector<field_path> paths; ///< elements may be dpath globs
  std::optional<program> condition;
};
using transformation = std::variant<add_fields, remove_fields>;

// -- partitions and slices --------------------------------------------------------------------

struct list_router {
  std::variant<std::vector<std::string>, program> values; ///< a template must yield a list
  std::string cursor_field; ///< name of the value in stream_partition
  std::optional<request_option> option;
};

struct substream_parent {
  size_t stream = 0; ///< index into source_plan::streams
  program parent_key; ///< dpath into the parent record, elements separated by "."
  std::string partition_field;
  std::optional<request_option> option;
  bool incremental_dependency = false;
  std::vector<field_path> extra_fields;
};
struct substream_router {
  std::vector<substream_parent> parents; ///< one after the other
};

using partition_router = std::variant<list_router, substream_router>;

/// A bound of the incremental window: the datetime, not below `minimum`, not above `maximum`.
struct datetime_bound {
  program datetime;
  std::string format; ///< empty = the cursor's format
  program minimum;    ///< empty text = no bound
  program maximum;
};

struct incremental_plan {
  program cursor_field;
  std::string datetime_format;              ///< of slices, state and requests
  std::vector<std::string> cursor_formats; ///< tried in order on records and state, then datetime_format
  datetime_bound start;
  std::optional<datetime_bound> end; ///< absent = now
  std::optional<program> step;       ///< ISO-8601 duration; present exactly when granularity is
  std::optional<program> granularity;
  std::optional<program> lookback;
  std::string slice_start_field = "start_time";
  std::string slice_end_field = "end_time";
  std::optional<request_option> start_option;
  std::optional<request_option> end_option;
  bool is_data_feed = false;
  bool is_client_side = false;
};

// -- streams and the source -------------------------------------------------------------------

struct stream_plan {
  std::string name;
  bool is_selectable = true; ///< false: only a parent, not listed in the manifest's streams
  bool is_parent = false;
  std::vector<field_path> primary_key; ///< empty = the stream is kept as a multiset per slice
  requester_plan requester;
  error_rules_plan error_rules;
  paginator_plan paginator;
  bool omit_slice_parameters_on_later_pages = false;
  record_selector_plan selector;
  std::vector<transformation> transformations;
  std::vector<partition_router> routers; ///< none, one, or several (cartesian product)
  std::optional<incremental_plan> incremental;
  expression::value schema; ///< JSON schema, undefined when none is given; never enforced
  lode_extension lode;
};

/// A listed stream that needs something Lode does not have; the others load.
struct unsupported_stream {
  std::string name;
  std::vector<diagnostic> reasons;
};

struct source_plan {
  std::string name;     ///< the file's stem
  std::string version;  ///< the format version that the manifest names
  uint64_t hash = 0;    ///< of the manifest's text: continuations name it
  expression::value connection_schema; ///< JSON schema of the connection's config; may be undefined
  std::vector<field_path> secret_fields; ///< airbyte_secret fields of it
  std::vector<std::string> check_streams;
  std::vector<stream_plan> streams; ///< parents come before their children
  std::vector<unsupported_stream> unsupported;
  std::vector<live_plan> live; ///< one per listener of a connection: streams with the same one share it

  /// The selectable stream of this name, or null.
  const stream_plan* find(const std::string& stream) const;
};

using source_plan_pointer = std::shared_ptr<const source_plan>;

} // namespace lode
