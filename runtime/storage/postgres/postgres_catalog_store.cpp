#include "runtime/storage/postgres/postgres_catalog_store.hpp"

#include <algorithm>

#include "runtime/storage/postgres/postgres_mined_reader.hpp"
#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/shard_hash.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

// -- sources and tenants ----------------------------------------------------------------------

constexpr statement put_source_statement{
  "put_source", "INSERT INTO source (name, manifest, version) VALUES ($1::text, $2::text, $3::text) "
                "ON CONFLICT (name) DO UPDATE SET manifest = EXCLUDED.manifest, version = EXCLUDED.version, "
                "changed = now() RETURNING id, name, version, manifest"};

constexpr statement all_sources{"all_sources", "SELECT id, name, version, manifest FROM source ORDER BY name"};

constexpr statement one_source{"one_source", "SELECT id, name, version, manifest FROM source WHERE id = $1::bigint"};

constexpr statement named_source{"named_source", "SELECT id, name, version, manifest FROM source WHERE name = $1::text"};

constexpr statement connection_counts{
  "connection_counts", "SELECT c.source_id, count(*) FROM connection c JOIN tenant t ON t.id = c.tenant_id "
                       "WHERE c.state <> 3 AND t.state <> 3 GROUP BY c.source_id"};

constexpr statement remove_source_statement{"remove_source", "SELECT lode_remove_source($1::text)"};

constexpr statement webhook_targets_query{
  "webhook_targets", "SELECT o.version, l.tenant_id, l.connection_id FROM source o LEFT JOIN (listener l "
                     "JOIN connection n ON n.id = l.connection_id AND n.state = 0 AND n.edition = l.edition AND n.source_id = l.source_id "
                     "JOIN tenant t ON t.id = n.tenant_id AND t.state = 0) ON l.source_id = o.id AND l.account = ANY ($2::text[]) "
                     "WHERE o.name = $1::text ORDER BY l.connection_id LIMIT $3::bigint"};

constexpr statement put_views_statement{
  "put_views", "SELECT lode_put_views($1::bigint, $2::text, $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], "
               "$8::text[])"};

constexpr statement unviewed_sources{
  "unviewed_sources", "SELECT id, name, version, manifest FROM source WHERE views <> version ORDER BY name"};

constexpr statement next_tenant{"next_tenant", "SELECT nextval('tenant_id'), shard_count FROM store"};

constexpr statement insert_tenant{"insert_tenant", "INSERT INTO tenant (id, name, shard) "
                                                   "VALUES ($1::bigint, $2::text, $3::bigint) "
                                                   "ON CONFLICT (name) WHERE state <> 3 DO NOTHING RETURNING id"};

constexpr statement one_tenant{"one_tenant", "SELECT id, name, shard, state, reason FROM tenant "
                                             "WHERE name = $1::text AND state <> 3"};

constexpr statement tenants_after{"tenants_after", "SELECT id, name, shard, state, reason FROM tenant "
                                                   "WHERE name > $1::text AND state <> 3 ORDER BY name "
                                                   "LIMIT $2::bigint"};

constexpr statement deleting_tenants{"deleting_tenants", "SELECT id, name, shard, state, reason FROM tenant "
                                                         "WHERE state = 3 ORDER BY id"};

constexpr statement tenant_state{"tenant_state", "SELECT lode_set_tenant_state($1::bigint, $2::bigint, $3::text)"};

constexpr statement begin_erase_statement{"begin_erase", "SELECT lode_begin_erase($1::bigint, $2::bigint)"};

constexpr statement erase_some_statement{"erase_some",
                                         "SELECT lode_erase_some($1::bigint, $2::bigint, $3::bigint)"};

// -- connections ------------------------------------------------------------------------------

constexpr statement put_connection_statement{
  "put_connection", "SELECT lode_put_connection($1::bigint, $2::bigint, $3::text, $4::text, $5::bytea, $6::text, "
                    "$7::text[], $8::bigint[], $9::bigint, $10::bigint)"};

#define LODE_CONNECTION_COLUMNS                                                                                        \
  "SELECT c.id, c.tenant_id, t.name, c.shard, c.name, c.source_id, o.name, c.configuration, c.sealed_secrets, "        \
  "c.schedule, c.state, c.reason, "                                                                                    \
  "ARRAY(SELECT id FROM stream s WHERE s.connection_id = c.id AND s.chosen ORDER BY s.name), "                         \
  "ARRAY(SELECT s.name::text FROM stream s WHERE s.connection_id = c.id AND s.chosen ORDER BY s.name), "               \
  "ARRAY(SELECT generation FROM stream s WHERE s.connection_id = c.id AND s.chosen ORDER BY s.name), c.edition, "      \
  "c.priority "                                                                                                        \
  "FROM connection c JOIN tenant t ON t.id = c.tenant_id JOIN source o ON o.id = c.source_id "

constexpr statement one_connection{"one_connection",
                                   LODE_CONNECTION_COLUMNS "WHERE c.id = $1::bigint AND c.state <> 3"};

constexpr statement named_connection{
  "named_connection",
  LODE_CONNECTION_COLUMNS "WHERE c.tenant_id = $1::bigint AND c.name = $2::text AND c.state <> 3"};

constexpr statement connections_of{
  "connections_of", LODE_CONNECTION_COLUMNS "WHERE c.tenant_id = $1::bigint AND c.state <> 3 ORDER BY c.name"};

constexpr statement deleting_connections_query{
  "deleting_connections", LODE_CONNECTION_COLUMNS "WHERE c.state = 3 ORDER BY c.id"};

#undef LODE_CONNECTION_COLUMNS

constexpr statement connection_state{"connection_state",
                                     "SELECT lode_change_connection_state($1::bigint, $2::bigint, $3::text)"};

constexpr statement connection_secrets{"connection_secrets", "SELECT lode_set_connection_secrets($1::bigint, $2::bytea)"};

constexpr statement edition_query{"edition", "SELECT edition, lode_is_active(id) FROM connection "
                                             "WHERE id = $1::bigint AND state <> 3"};

constexpr statement make_unchosen_streams{
  "make_unchosen_streams", "INSERT INTO stream (tenant_id, connection_id, shard, name, chosen) "
                           "SELECT c.tenant_id, c.id, c.shard, w.name, false FROM connection c, unnest($2::text[]) AS w(name) "
                           "WHERE c.id = $1::bigint AND c.state <> 3 "
                           "AND NOT EXISTS (SELECT FROM stream s WHERE s.connection_id = c.id AND s.name = w.name) "
                           "ON CONFLICT DO NOTHING"};

constexpr statement latest_streams{"latest_streams", "SELECT DISTINCT ON (name) id, name, generation FROM stream "
                                                     "WHERE connection_id = $1::bigint AND name = ANY ($2::text[]) "
                                                     "ORDER BY name, generation DESC"};

// -- reading rows -----------------------------------------------------------------------------

source_row read_source(const query_result& rows, int row) {
  return {{rows.number(row, 0)}, rows.string(row, 1), rows.string(row, 2), rows.string(row, 3)};
}

tenant_row read_tenant(const query_result& rows, int row) {
  return {{rows.number(row, 0)}, rows.string(row, 1), {rows.number(row, 2)},
          static_cast<activity>(rows.number(row, 3)), rows.string(row, 4)};
}

connection_row read_connection(const query_result& rows, int row) {
  connection_row out;
  out.id = {rows.number(row, 0)};
  out.tenant = {rows.number(row, 1)};
  out.tenant_name = rows.string(row, 2);
  out.shard = {rows.number(row, 3)};
  out.name = rows.string(row, 4);
  out.source = {rows.number(row, 5)};
  out.source_name = rows.string(row, 6);
  out.configuration = rows.string(row, 7);
  out.sealed_secrets = rows.string(row, 8);
  out.schedule = rows.string(row, 9);
  out.state = static_cast<activity>(rows.number(row, 10));
  out.reason = rows.string(row, 11);
  const auto ids = rows.numbers(row, 12);
  const auto names = rows.texts(row, 13);
  const auto generations = rows.numbers(row, 14);
  for (size_t i = 0; i < ids.size(); ++i)
    out.streams.push_back({{ids[i]}, names[i], generations[i]});
  out.edition = rows.number(row, 15);
  out.priority = static_cast<urgency>(rows.number(row, 16));
  return out;
}

/// The parameters of lode_put_views.
parameters view_parameters(const source_row& source, const std::string& version, const std::vector<stream_view>& views) {
  std::vector<std::string> names;
  std::vector<std::vector<view_column>> columns;
  for (const auto& view : views) {
    names.push_back(view_name(source.name, view.stream));
    columns.push_back(columns_of(view.fields));
  }
  std::vector<std::string_view> streams, fields, column_names, types;
  std::vector<int64_t> places;
  for (size_t i = 0; i < views.size(); ++i) {
    streams.push_back(views[i].stream);
    for (const auto& column : columns[i]) {
      places.push_back(static_cast<int64_t>(i) + 1);
      fields.push_back(column.field.name);
      column_names.push_back(column.name);
      types.push_back(name_of(column.field.type));
    }
  }
  parameters out;
  out.add(source.id.value).add_text(version);
  out.add_texts(std::vector<std::string_view>{names.begin(), names.end()}).add_texts(streams);
  out.add(places).add_texts(fields).add_texts(column_names).add_texts(types);
  return out;
}

class postgres_catalog_store final : public catalog_store {
public:
  postgres_catalog_store(const postgres_settings& settings, const std::string& role) : link_(settings, role) {}

  caf::expected<source_row> put_source(const std::string& name, const std::string& manifest,
                                       const std::string& version) override {
    parameters values;
    values.add_text(name).add_text(manifest).add_text(version);
    return read_one(link_.execute(put_source_statement, values), read_source, "");
  }

  caf::expected<source_row> load_source(source_id source) override {
    return read_one(link_.execute(one_source, parameters{}.add(source.value)), read_source,
                    "there is no source " + to_string(source));
  }

  caf::expected<source_row> find_source(const std::string& name) override {
    return read_one(link_.execute(named_source, parameters{}.add_text(name)), read_source,
                    "there is no source '" + name + "'");
  }

  caf::expected<std::map<source_id, int64_t>> count_connections() override {
    auto rows = link_.execute(connection_counts);
    if (!rows)
      return rows.error();
    std::map<source_id, int64_t> out;
    for (int row = 0; row < rows->rows(); ++row)
      out.emplace(source_id{rows->number(row, 0)}, rows->number(row, 1));
    return out;
  }

  caf::error remove_source(const std::string& name) override {
    return error_of(link_.execute(remove_source_statement, parameters{}.add_text(name)));
  }

  caf::expected<webhook_targets> find_webhook_targets(const std::string& source, const std::vector<std::string>& accounts,
                                                      size_t limit) override {
    const std::vector<std::string_view> texts{accounts.begin(), accounts.end()};
    parameters values;
    values.add_text(source).add_texts(texts).add(static_cast<int64_t>(limit));
    auto rows = link_.execute(webhook_targets_query, values);
    if (!rows)
      return rows.error();
    if (rows->rows() == 0)
      return store_error(errc::not_found, "there is no source '" + source + "'");
    webhook_targets out{rows->string(0, 0), {}};
    for (int row = 0; row < rows->rows(); ++row)
      if (!rows->is_null(row, 1))
        out.targets.push_back({{rows->number(row, 1)}, {rows->number(row, 2)}});
    return out;
  }

  caf::expected<std::vector<source_row>> list_sources() override {
    return read_all(link_.execute(all_sources), read_source);
  }

  caf::expected<std::vector<std::string>> put_views(const source_row& source, const std::string& version,
                                                    const std::vector<stream_view>& views) override {
    return read_one(
      link_.execute(put_views_statement, view_parameters(source, version, views)),
      [](const query_result& rows, int row) { return rows.texts(row, 0); }, "");
  }

  caf::expected<std::vector<source_row>> sources_without_views() override {
    return read_all(link_.execute(unviewed_sources), read_source);
  }

  caf::expected<tenant_row> create_tenant(const std::string& name) override {
    auto next = link_.execute(next_tenant);
    if (!next)
      return next.error();
    const tenant_id id{next->number(0, 0)};
    const auto shard = shard_of(id, next->number(0, 1));
    auto made = link_.execute(insert_tenant, parameters{}.add(id.value).add_text(name).add(shard.value));
    if (!made)
      return made.error();
    if (made->rows() == 0)
      return store_error(errc::conflict, "tenant '" + name + "' exists");
    return tenant_row{id, name, shard, activity::active, ""};
  }

  caf::expected<tenant_row> find_tenant(const std::string& name) override {
    return read_one(link_.execute(one_tenant, parameters{}.add_text(name)), read_tenant,
                    "there is no tenant '" + name + "'");
  }

  caf::expected<std::vector<tenant_row>> list_tenants(const std::string& after_name, size_t limit) override {
    parameters values;
    values.add_text(after_name).add(static_cast<int64_t>(limit));
    return read_all(link_.execute(tenants_after, values), read_tenant);
  }

  caf::expected<std::vector<tenant_row>> list_deleting_tenants() override {
    return read_all(link_.execute(deleting_tenants), read_tenant);
  }

  caf::error set_tenant_state(tenant_id tenant, activity state, const std::string& reason) override {
    if (state == activity::deleting)
      return store_error(errc::bad_argument, "a tenant is removed by begin_erase");
    return error_of(link_.execute(tenant_state, state_parameters(tenant.value, state, reason)));
  }

  caf::error begin_erase(tenant_id tenant) override {
    return error_of(link_.execute(begin_erase_statement, parameters{}.add(tenant.value).add(nothing)));
  }

  caf::expected<size_t> erase_some(tenant_id tenant, size_t rows) override {
    return erased(parameters{}.add(tenant.value).add(nothing).add(static_cast<int64_t>(rows)));
  }

  caf::error begin_erase(connection_id connection) override {
    return error_of(link_.execute(begin_erase_statement, parameters{}.add(nothing).add(connection.value)));
  }

  caf::expected<size_t> erase_some(connection_id connection, size_t rows) override {
    return erased(parameters{}.add(nothing).add(connection.value).add(static_cast<int64_t>(rows)));
  }

  caf::expected<connection_row> put_connection(tenant_id tenant, const connection_row& wanted,
                                               std::optional<instant> first_due) override {
    std::vector<std::string_view> names;
    std::vector<int64_t> generations;
    for (const auto& stream : wanted.streams) {
      names.push_back(stream.name);
      generations.push_back(stream.generation);
    }
    parameters values;
    values.add(tenant.value).add(wanted.source.value).add_text(wanted.name).add_text(wanted.configuration);
    values.add_bytes(wanted.sealed_secrets).add_text(wanted.schedule).add_texts(names);
    values.add(std::span<const int64_t>{generations});
    values.add(first_due ? std::optional{first_due->time_since_epoch().count()} : std::nullopt);
    values.add(static_cast<int64_t>(wanted.priority));
    auto put = link_.execute(put_connection_statement, values);
    if (!put)
      return put.error();
    return load_connection({put->number(0, 0)});
  }

  caf::expected<connection_row> load_connection(connection_id connection) override {
    return read_one(link_.execute(one_connection, parameters{}.add(connection.value)), read_connection,
                    "there is no connection " + to_string(connection));
  }

  caf::expected<connection_row> find_connection(tenant_id tenant, const std::string& name) override {
    return read_one(link_.execute(named_connection, parameters{}.add(tenant.value).add_text(name)), read_connection,
                    "tenant " + to_string(tenant) + " has no connection '" + name + "'");
  }

  caf::expected<std::vector<connection_row>> list_connections(tenant_id tenant) override {
    return read_all(link_.execute(connections_of, parameters{}.add(tenant.value)), read_connection);
  }

  caf::expected<std::vector<connection_row>> list_deleting_connections() override {
    return read_all(link_.execute(deleting_connections_query), read_connection);
  }

  caf::error set_connection_state(connection_id connection, activity state, const std::string& reason) override {
    if (state == activity::deleting)
      return store_error(errc::bad_argument, "a connection is removed by begin_erase");
    return error_of(link_.execute(connection_state, state_parameters(connection.value, state, reason)));
  }

  caf::error set_connection_secrets(connection_id connection, const std::string& sealed) override {
    return error_of(link_.execute(connection_secrets, parameters{}.add(connection.value).add_bytes(sealed)));
  }

  caf::expected<int64_t> edition_of(connection_id connection) override {
    auto rows = link_.execute(edition_query, parameters{}.add(connection.value));
    if (rows && rows->rows() > 0 && !rows->boolean(0, 1))
      return store_error(errc::conflict, "connection " + to_string(connection) + " or its tenant is not active");
    return read_one(rows, [](const query_result& found, int row) { return found.number(row, 0); },
                    "there is no connection " + to_string(connection));
  }

  caf::expected<std::vector<stream_row>> unchosen_streams(connection_id connection,
                                                          const std::vector<std::string>& names) override {
    parameters values;
    values.add(connection.value).add_texts(std::vector<std::string_view>{names.begin(), names.end()});
    if (auto made = link_.execute(make_unchosen_streams, values); !made)
      return made.error();
    return read_all(link_.execute(latest_streams, values), [](const query_result& rows, int row) {
      return stream_row{{rows.number(row, 0)}, rows.string(row, 1), rows.number(row, 2)};
    });
  }

  caf::expected<std::vector<stored_record>> read_records(stream_id stream, const std::string& after_key, size_t limit,
                                                         bool with_deleted) override {
    return mined_.read_records(stream, after_key, limit, with_deleted);
  }

  caf::expected<std::vector<feed_entry>> read_feed(shard_id shard, int64_t after, size_t limit) override {
    return mined_.read_feed(shard, after, limit);
  }

  caf::expected<int64_t> feed_end(shard_id shard) override { return mined_.feed_end(shard); }
  caf::expected<std::vector<int64_t>> feed_ends(const std::vector<shard_id>& shards) override {
    return mined_.feed_ends(shards);
  }

  caf::expected<int64_t> store_generation() override { return mined_.store_generation(); }

  caf::expected<uint64_t> hash_seed() override { return mined_.hash_seed(); }

private:
  static constexpr std::optional<int64_t> nothing = std::nullopt;

  static parameters state_parameters(int64_t id, activity state, const std::string& reason) {
    parameters out;
    out.add(id).add(static_cast<int64_t>(state));
    out.add_text(state == activity::active ? std::string{} : storable_reason(reason));
    return out;
  }

  caf::expected<size_t> erased(const parameters& values) {
    return read_one(
      link_.execute(erase_some_statement, values),
      [](const query_result& rows, int row) { return static_cast<size_t>(rows.number(row, 0)); }, "");
  }

  postgres_connection link_;
  postgres_mined_reader mined_{link_};
};

} // namespace

std::unique_ptr<catalog_store> make_postgres_catalog_store(const postgres_settings& settings, const std::string& role) {
  return std::make_unique<postgres_catalog_store>(settings, role);
}

} // namespace lode
