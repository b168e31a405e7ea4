#pragma once

#include <caf/expected.hpp>

#include <string_view>
#include <vector>

#include "runtime/extraction/json_document.hpp"
#include "runtime/extraction/page_reader.hpp"
#include "runtime/extraction/paginator.hpp"
#include "runtime/extraction/request_builder.hpp"
#include "runtime/manifest/miner_kind.hpp"

namespace lode {

/// How the pages of a stream are asked for, taken apart and followed: in this alone kinds of miners differ. Everything else holds for all
/// of them: limits of the API and credentials, tries again by the source's error rules, pages in flight, steps, keys and hashes, the
/// commit of a page with the place of the next one, crashes and moves between nodes.
///
/// Answers are JSON: of any other no record is looked for. Pure functions, called by miners and processors on several
/// threads at once: the same inputs give the same result on every node and after every restart. A failure is one of
///   errc::bad_response, unreachable, server_failed   asked for again by the error rules; given up after their last try
///   errc::rate_limited                               asked for again when the API lets us, as often as it takes
///   errc::page_failed, rejected                      given up: what is left of the slice stays owed, the run goes on
///   errc::unauthorized, bad_source                   the connection is suspended (a refused OAuth token is refreshed once first)
/// Any other code, and whatever is thrown, is a defect: it costs the connection a restart of its budget and the page is asked for again;
/// when the budget is spent the connection is suspended. Nobody else's pages are touched. Messages reach people: never a secret.
class page_protocol {
public:
  virtual ~page_protocol() = default;

  /// The request of the page that `inputs.state` names: its page_token() is what follow() put there, "" for the first page of a slice.
  /// build_request() makes what the manifest describes (URL, parameters, headers, body, credentials); begin with that. Who uses another
  /// part of the retriever, or not its body, says so where the kind is registered (used_parts).
  virtual caf::expected<http_request> request(const stream_plan& stream, const request_inputs& inputs) const = 0;

  /// The records of a page that the source's error rules accept, in its order; they point into `body`. One that is not
  /// there is errc::bad_response.
  virtual caf::expected<std::vector<json_node>> records(const page_request& page, json_node body) const = 0;

  /// What follows a page: follow_token(), end_slice(), or `failed` with a reason; of the state only the token counts.
  /// `names` holds what templates may read of the stream: config, stream_slice and their kin. After errc::bad_source the
  /// page is kept and the slice ends as failed: only the way on is lost.
  virtual caf::expected<paging_step> follow(const page_request& page, json_node body, const page_facts& facts,
                                            expression::context& names) const = 0;
};

/// Pages as the manifest describes them: requester, record selector, paginator. The protocol of default_miner.
page_protocol_pointer manifest_pages();

/// default_miner, which has no settings. Add miners of your own with add().
miner_registry builtin_miners();

/// For follow(): the next page is asked for with this token, UTF-8. Where build_request() puts it into the request by the
/// manifest's paginator (of kinds that use it: used_parts) it has to be JSON text (json_node::raw()), for "12e4" is a number
/// there; request() may read any text from page_token(). A token that was used before in the slice ends it as failed, for the
/// API goes round in circles; so does "", which names the first page.
paging_step follow_token(const page_request& page, std::string_view token);
/// For follow(): the slice is read to its end.
paging_step end_slice(const page_request& page);

/// The pages of one stream: the only way to its protocol. Calls it and makes errors of what it throws. Refers to the plan.
class stream_pages {
public:
  explicit stream_pages(const stream_plan& stream);

  /// Not paged by what the manifest says: it has no paginator whose seams could be looked at.
  bool is_own() const noexcept { return is_own_; }

  caf::expected<http_request> request(const request_inputs& inputs) const;
  caf::expected<std::vector<json_node>> records(const page_request& page, json_node body) const;
  /// A miner of its own that goes on without getting on (the same page token, the same pages under ever new ones) fails the slice.
  caf::expected<paging_step> follow(const page_request& page, json_node body, const page_facts& facts, expression::context& names) const;

private:
  const stream_plan& stream_;
  const page_protocol& protocol_;
  bool is_own_;
};

} // namespace lode
