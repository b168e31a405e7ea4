#include <boost/json.hpp>

#include <algorithm>

#include "messages/type_ids.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/storage/feed_cursor.hpp"

namespace lode {

namespace {

namespace json = boost::json;

/// In seconds; less than proxies and clients wait for an answer.
constexpr size_t longest_wait = 30;

/// Where `text` stands in the tenant's shard; "" and "0" are the beginning, "now" is the end.
caf::expected<int64_t> position_of(const std::string& text, catalog_store& catalog, int64_t generation,
                                   shard_id shard) {
  if (text.empty() || text == "0")
    return 0;
  if (text == "now")
    return catalog.feed_end(shard);
  auto cursor = decode_feed_cursor(text, generation);
  if (!cursor)
    return cursor.error();
  auto place = cursor->positions.find(shard);
  if (place == cursor->positions.end())
    return caf::make_error(errc::bad_argument, "after: this cursor belongs to another tenant");
  return place->second;
}

json::string view(std::string_view text) {
  return json::string{text.data(), text.size()};
}

/// The entries of one tenant in the feed of its shard, from a position on.
class feed_page {
public:
  feed_page(const tenant_row& tenant, const std::vector<connection_row>& connections, int64_t generation,
            int64_t position, size_t limit)
    : tenant_(tenant), connections_(connections), generation_(generation), position_(position), limit_(limit) {}

  bool is_complete() const { return is_at_end_ || items_.size() == limit_; }
  /// Behind the last entry that was looked at.
  int64_t position() const { return position_; }

  /// What was read behind position(), at most as many entries as the page may hold.
  void take(const std::vector<feed_entry>& entries) {
    is_at_end_ = entries.size() < limit_;
    for (const auto& entry : entries) {
      if (items_.size() == limit_) {
        is_at_end_ = false;
        return;
      }
      position_ = entry.seq;
      if (entry.tenant == tenant_.id)
        items_.push_back(shown(entry));
    }
  }

  /// There was nothing to the end of the feed.
  bool is_empty() const { return is_at_end_ && items_.empty(); }
  json::object answer() && {
    return {{"changes", std::move(items_)}, {"next", cursor()}, {"more", !is_at_end_}};
  }

  std::string cursor() const { return encode_feed_cursor({generation_, {{tenant_.shard, position_}}}); }

private:
  json::object shown(const feed_entry& entry) const {
    auto from = std::ranges::find(connections_, entry.connection, &connection_row::id);
    auto is_known = from != connections_.end();
    return {{"cursor", cursor()},
            {"change", view(name_of(entry.kind))},
            {"connection", is_known ? from->name : "#" + to_string(entry.connection)},
            {"stream", is_known ? stream_name(*from, entry.stream) : "#" + to_string(entry.stream)},
            {"key", entry.key},
            {"hash", hex_of(entry.hash)}};
  }

  const tenant_row& tenant_;
  const std::vector<connection_row>& connections_;
  int64_t generation_;
  int64_t position_;
  size_t limit_;
  json::array items_;
  bool is_at_end_ = false;
};

caf::expected<api_response> changes(const api_request& request, api_context& context) {
  auto limit = request.query_number("limit", 1'000, 10'000);
  auto wait = request.query_number("wait", 0, longest_wait);
  if (!limit || !wait)
    return !limit ? limit.error() : wait.error();
  auto tenant = routed_tenant(request, context);
  if (!tenant)
    return tenant.error();
  auto& catalog = *context.stores.catalog;
  auto generation = catalog.store_generation();
  auto connections = catalog.list_connections(tenant->id);
  if (!generation || !connections)
    return !generation ? generation.error() : connections.error();
  auto position = position_of(request.query_text("after"), catalog, *generation, tenant->shard);
  if (!position)
    return position.error();
  feed_page page{*tenant, *connections, *generation, *position, *limit};
  // The feed is the shard's: others' entries are passed over, within bounds per request.
  for (int reads = 0; reads < 20 && !page.is_complete(); ++reads) {
    auto entries = catalog.read_feed(tenant->shard, page.position(), *limit);
    if (!entries)
      return entries.error();
    page.take(*entries);
  }
  std::optional<feed_wait> waits;
  if (*wait > 0 && page.is_empty())
    waits = feed_wait{tenant->shard, page.position(), page.cursor(), std::chrono::seconds{*wait}};
  auto response = json_response(std::move(page).answer());
  response.waits_for = std::move(waits);
  return response;
}

} // namespace

void add_change_routes(router& routes) {
  routes.add("GET", "/api/v1/tenants/{tenant}/changes", changes);
}

} // namespace lode
