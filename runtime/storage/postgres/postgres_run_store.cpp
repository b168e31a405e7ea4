#include "runtime/storage/postgres/postgres_run_store.hpp"

#include "runtime/storage/key_marks.hpp"
#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/postgres/run_rows.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

// -- due times --------------------------------------------------------------------------------

/// Asked several times a second. Due ones are looked up one by one (OFFSET 0), for a plan that fits many of them reads all connections
/// even where none is due.
constexpr statement due_query{
  "due", "SELECT connection_id, tenant_id, shard, due, kind FROM ("
         "SELECT DISTINCT ON (d.connection_id) d.*, c.priority, CASE d.kind WHEN 3 THEN 0 WHEN 1 THEN 1 WHEN 4 THEN 2 WHEN 0 THEN 3 "
         "ELSE 4 END AS place FROM (SELECT connection_id, tenant_id, shard, due, kind FROM due WHERE due <= $2::bigint "
         "UNION ALL SELECT connection_id, tenant_id, shard, requested, kind FROM requested_run) d "
         "CROSS JOIN LATERAL (SELECT FROM shard WHERE id = d.shard AND owner = $1::bigint OFFSET 0) s "
         "CROSS JOIN LATERAL (SELECT priority FROM connection WHERE id = d.connection_id AND state = 0 OFFSET 0) c "
         "CROSS JOIN LATERAL (SELECT FROM tenant WHERE id = d.tenant_id AND state = 0 OFFSET 0) t "
         "ORDER BY d.connection_id, place, d.due DESC) most_urgent "
         "ORDER BY place, priority DESC, due DESC, connection_id LIMIT $3::bigint"};

constexpr statement request_run_statement{
  "request_run", "SELECT out_answer, out_run FROM lode_request_run_once($4::text, $1::bigint, $2::bigint, $3::bigint)"};

constexpr statement set_due_statement{
  "set_due", "INSERT INTO due (connection_id, tenant_id, shard, due, kind) "
             "SELECT id, tenant_id, shard, $2::bigint, $3::bigint FROM connection WHERE id = $1::bigint AND state <> 3 "
             "ON CONFLICT (connection_id) DO UPDATE SET due = EXCLUDED.due, kind = EXCLUDED.kind "
             "RETURNING connection_id"};

constexpr statement drop_due{"drop_due", "DELETE FROM due WHERE connection_id = $1::bigint"};

constexpr statement queue_statement{"queue_run", "SELECT lode_queue_run($1::bigint, $2::bigint)"};

constexpr statement pace_query{"load_pace", "SELECT every_ms, interval_ms FROM pace WHERE connection_id = $1::bigint"};

constexpr statement set_pace_statement{"set_pace", "SELECT lode_set_pace($1::bigint, $2::bigint, $3::bigint, $4::bigint, "
                                                   "$5::bigint, $6::bigint)"};

// -- runs -------------------------------------------------------------------------------------

/// Cursors are moved, passes begin and gaps are taken once the run has its row, which is under the fence.
constexpr statement start{"start_run", "SELECT out_run, out_opened, lode_skip_cursors($12::bigint[], $13::text[], "
                                       "$14::bigint[], $15::bigint[]), lode_open_sweeps(out_run, $4::bigint, "
                                       "$16::bigint, $17::bigint, $18::text, $19::bigint[], $20::boolean[], "
                                       "$21::boolean[], $22::bigint[], $23::bigint[], $24::bigint[]), "
                                       "lode_plan_repair(out_run, $2::bigint, $5::bigint, $17::bigint, $18::text, "
                                       "$25::bigint, $26::bigint, $27::bigint[]) "
                                       "FROM lode_begin_run($1::bigint, $2::bigint, "
                                       "$3::bigint, $4::bigint, $5::bigint, $6::bigint[], $7::text[], $8::bigint[], "
                                       "$9::bigint[], $10::bytea[], $11::bigint)"};

constexpr statement open_runs{
  "open_runs", "SELECT r.id, r.tenant_id, r.connection_id, r.shard, r.kind, "
               "coalesce((SELECT max(crash_resumes) FROM continuation WHERE run_id = r.id AND phase = 0 AND NOT sweeps), 0) "
               "FROM run r JOIN shard s ON s.id = r.shard AND s.owner = $1::bigint "
               "JOIN connection c ON c.id = r.connection_id AND c.state = 0 "
               "JOIN tenant t ON t.id = r.tenant_id AND t.state = 0 "
               "WHERE r.phase = 0 ORDER BY r.id DESC"};

constexpr statement active_of_sources{
  "active_of_sources", "SELECT c.tenant_id, c.id, t.shard FROM connection c JOIN tenant t ON t.id = c.tenant_id AND t.state = 0 "
                       "JOIN shard s ON s.id = t.shard AND CASE cardinality($3::bigint[]) WHEN 0 THEN s.owner = $1::bigint "
                       "ELSE s.id = ANY ($3) END WHERE c.state = 0 AND c.source_id = ANY ($2::bigint[]) ORDER BY c.id"};

// alone_deaths of a continuation that has committed a page since is history.
#define LODE_CONTINUATION_COLUMNS                                                                                      \
  "c.id, c.run_id, c.stream_id, c.partition, c.slice_from, c.slice_to, c.version, c.state, c.crash_resumes, "          \
  "CASE c.crash_resumes WHEN 0 THEN 0 ELSE c.alone_deaths END, "                                                       \
  "coalesce((SELECT w.run_id FROM sweep w WHERE w.stream_id = c.stream_id), 0), c.sweeps "

constexpr statement open_continuations{
  "open_continuations", "SELECT " LODE_CONTINUATION_COLUMNS "FROM continuation c WHERE run_id = $1::bigint "
                        "AND phase = 0 AND id > $2::bigint ORDER BY id LIMIT $3::bigint"};

constexpr statement one_continuation{
  "one_continuation", "SELECT " LODE_CONTINUATION_COLUMNS "FROM continuation c WHERE id = $1::bigint AND phase = 0"};

constexpr statement resume_one{
  "resume_continuation", "UPDATE continuation c SET version = c.version + 1048576 FROM run r, shard s "
                         "WHERE c.id = $1::bigint AND c.phase = 0 AND r.id = c.run_id AND s.id = r.shard "
                         "AND s.owner = $2::bigint AND lode_is_active(r.connection_id) "
                         "RETURNING " LODE_CONTINUATION_COLUMNS};

#undef LODE_CONTINUATION_COLUMNS

constexpr statement mark_alone_statement{
  "mark_alone", "UPDATE node SET alone = coalesce((SELECT c.id FROM continuation c JOIN run r ON r.id = c.run_id "
                "JOIN shard s ON s.id = r.shard AND s.owner = $2::bigint WHERE c.id = $1::bigint AND c.phase = 0), 0) "
                "WHERE incarnation = $2::bigint RETURNING alone"};

constexpr statement cursors{"cursors", "SELECT k.stream_id, k.partition, k.known_up_to, k.version FROM stream_cursor k "
                                       "JOIN stream s ON s.id = k.stream_id WHERE s.connection_id = $1::bigint "
                                       "ORDER BY k.stream_id, k.partition"};

constexpr statement anchors_query{
  "load_anchors", "SELECT a.stream_id, a.partition::text, a.position, a.known_until, a.edition, a.source_version, a.run_id "
                  "FROM anchor a JOIN stream s ON s.id = a.stream_id WHERE s.connection_id = $1::bigint "
                  "ORDER BY a.stream_id, a.partition"};

constexpr statement cancel{"cancel_run", "SELECT lode_cancel_run_once($3::text, $1::bigint, $2::text)"};

constexpr statement dead_letter_by_id{
  "dead_letter_by_id", "SELECT stream_id, run_id, key::text, payload, reason, order_field, order_epoch, order_counter FROM dead_letter "
                       "WHERE id = $1::bigint AND connection_id = $2::bigint"};
constexpr statement remove_dead_letter_by_id{"remove_dead_letter_by_id",
                                             "DELETE FROM dead_letter WHERE id = $1::bigint AND connection_id = $2::bigint"};
constexpr statement tally{"load_tally", "SELECT coalesce(sum(records), 0)::bigint, coalesce(sum(dead), 0)::bigint "
                                        "FROM continuation WHERE run_id = $1::bigint AND stream_id = $2::bigint"};

constexpr statement stop{"stop_stream", "SELECT lode_stop_stream($1::bigint, $2::bigint, $3::text)"};

constexpr statement full_passes{"full_passes", "SELECT out_stream, out_completed, out_is_open, out_is_sound, out_needs "
                                               "FROM lode_settled_passes($1::bigint)"};

constexpr statement begin_full_pass{
  "begin_full_pass", "INSERT INTO full_pass (stream_id, run_id, began, needs) "
                     "VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bigint[]) ON CONFLICT (stream_id) DO UPDATE "
                     "SET run_id = EXCLUDED.run_id, began = EXCLUDED.began, needs = EXCLUDED.needs"};

// -- full passes and their sweeps --------------------------------------------------------------

constexpr statement pass_query{
  "load_pass", "SELECT out_pass, out_epoch, out_counter, out_from, out_to, out_confirmed, out_why_not, out_comes_again, out_marks "
               "FROM lode_load_pass($1::bigint, $2::bigint)"};

constexpr statement marks_query{"load_marks", "SELECT id, keys FROM mark WHERE stream_id = $1::bigint "
                                              "AND run_id = $2::bigint AND id > $3::bigint ORDER BY id LIMIT $4::bigint"};

constexpr statement live_query{
  "load_live", "SELECT key, order_field, order_epoch, order_counter, CASE WHEN $5::boolean THEN payload ELSE '' END, deleted "
               "FROM record WHERE shard = $1::bigint AND stream_id = $2::bigint AND key > $3::text "
               "ORDER BY key LIMIT $4::bigint"};

constexpr statement confirm_statement{"confirm_deletes", "SELECT lode_confirm_deletes_once($3::text, $1::bigint, $2::text[])"};
constexpr statement was_done_query{"was_done", "SELECT EXISTS (SELECT FROM command WHERE id = $1::text)"};

/// Pages whose marks, and records that, are read at once.
constexpr int64_t marks_at_once = 500;
constexpr int64_t live_at_once = 2'000;
constexpr int64_t payloads_at_once = 100; // a record may have megabytes

// -- refresh tokens ---------------------------------------------------------------------------

constexpr statement begin_refresh_statement{
  "begin_refresh", "SELECT lode_begin_refresh($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bytea, $6::text)"};

constexpr statement forget_refresh_statement{
  "forget_refresh", "SELECT lode_forget_refresh($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::text)"};

constexpr statement store_successor_statement{
  "store_successor", "SELECT lode_store_successor($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bytea, $6::bytea)"};

// -- commands to tenants -----------------------------------------------------------------------

constexpr statement take_command_statement{
  "take_command", "SELECT out_is_new, out_outcome, out_reason, out_epoch "
                  "FROM lode_take_command($1::bigint, $2::text, $3::bigint, $4::bigint, $5::bigint)"};

constexpr statement settle_command_statement{
  "settle_command",
  "SELECT lode_settle_command($1::bigint, $2::text, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::text)"};

constexpr statement untake_command_statement{
  "untake_command", "SELECT lode_untake_command($1::bigint, $2::text, $3::bigint, $4::bigint, $5::bigint)"};

/// A session that was lost in the middle of such a statement, by its process and name: what it does late would undo a later one.
constexpr statement end_lost_statement{"end_lost", "SELECT pg_terminate_backend(pid, 1500) FROM pg_stat_activity "
                                                   "WHERE pid = $1::bigint AND application_name = $2::text AND pid <> pg_backend_pid()"};

// -- what runs have done -----------------------------------------------------------------------

constexpr statement one_run{"one_run", LODE_RUN_COLUMNS "FROM run r LEFT JOIN continuation c ON c.run_id = r.id "
                                                        "WHERE r.id = $1::bigint GROUP BY r.id"};

constexpr statement runs_of{
  "runs_of", LODE_RUN_COLUMNS "FROM (SELECT * FROM run WHERE connection_id = $1::bigint ORDER BY id DESC "
                              "LIMIT $2::bigint) r LEFT JOIN continuation c ON c.run_id = r.id "
                              "GROUP BY r.id, r.tenant_id, r.connection_id, r.kind, r.phase, r.started, r.ended, "
                              "r.open, r.failed, r.reason ORDER BY r.id DESC"};

instant at(int64_t micros) {
  return instant{std::chrono::microseconds{micros}};
}

int64_t micros(instant time) {
  return time.time_since_epoch().count();
}

continuation_row read_continuation(const query_result& rows, int row) {
  return {{rows.number(row, 0)},
          {rows.number(row, 1)},
          {rows.number(row, 2)},
          rows.string(row, 3),
          {at(rows.number(row, 4)), at(rows.number(row, 5))},
          rows.number(row, 6),
          rows.string(row, 7),
          static_cast<int32_t>(rows.number(row, 8)),
          static_cast<int32_t>(rows.number(row, 9)),
          {rows.number(row, 10)},
          rows.boolean(row, 11)};
}

class postgres_run_store final : public run_store {
public:
  postgres_run_store(const postgres_settings& settings, const std::string& role)
    : settings_(settings), link_(settings, role) {}

  caf::expected<std::vector<due_connection>> load_due(instant until, size_t limit) override {
    auto rows = link_.execute(due_query, parameters{}.add(settings_.self.value).add(micros(until)).add(
                                           static_cast<int64_t>(limit)));
    return read_all(rows, [](const query_result& found, int row) {
      return due_connection{{found.number(row, 0)}, {found.number(row, 1)}, {found.number(row, 2)},
                            at(found.number(row, 3)), static_cast<run_kind>(found.number(row, 4))};
    });
  }

  caf::error set_due(connection_id connection, std::optional<instant> due, run_kind kind) override {
    if (!due)
      return error_of(link_.execute(drop_due, parameters{}.add(connection.value)));
    auto rows = link_.execute(set_due_statement, parameters{}.add(connection.value).add(micros(*due)).add(
                                                   static_cast<int64_t>(kind)));
    if (rows && rows->rows() == 0)
      return store_error(errc::not_found, "there is no connection " + to_string(connection));
    return error_of(rows);
  }

  caf::expected<requested_run> request_run(connection_id connection, run_kind kind, instant now, const once_only& once) override {
    if (auto error = check_once(once))
      return error;
    auto rows = link_.execute(request_run_statement, parameters{}.add(connection.value).add(static_cast<int64_t>(kind)).add(
                                                       micros(now)).add_text(once.id));
    if (!rows)
      return rows.error();
    return requested_run{static_cast<request_answer>(rows->number(0, 0)),
                         {rows->is_null(0, 1) ? 0 : rows->number(0, 1)}};
  }

  caf::error queue_run(connection_id connection, std::optional<instant> next_due) override {
    parameters values;
    values.add(connection.value).add(next_due ? std::optional{micros(*next_due)} : std::nullopt);
    return error_of(link_.execute(queue_statement, values));
  }

  caf::expected<std::optional<run_pace>> load_pace(connection_id connection) override {
    auto rows = link_.execute(pace_query, parameters{}.add(connection.value));
    if (!rows)
      return rows.error();
    if (rows->rows() == 0)
      return std::optional<run_pace>{};
    return std::optional{run_pace{std::chrono::milliseconds{rows->number(0, 0)}, std::chrono::milliseconds{rows->number(0, 1)}}};
  }

  caf::error set_pace(connection_id connection, run_id run, const run_pace& pace, std::chrono::microseconds shift,
                      instant now) override {
    parameters values;
    values.add(connection.value).add(run.value).add(int64_t{pace.every.count()}).add(int64_t{pace.interval.count()});
    values.add(int64_t{shift.count()}).add(micros(now));
    return error_of(link_.execute(set_pace_statement, values));
  }

  caf::expected<stream_tally> load_tally(run_id run, stream_id stream) override {
    auto rows = link_.execute(tally, parameters{}.add(run.value).add(stream.value));
    if (!rows)
      return rows.error();
    return stream_tally{rows->number(0, 0), rows->number(0, 1)};
  }

  caf::expected<dead_letter> load_dead_letter(connection_id connection, int64_t id) override {
    auto rows = link_.execute(dead_letter_by_id, parameters{}.add(id).add(connection.value));
    if (!rows)
      return rows.error();
    if (rows->rows() == 0)
      return store_error(errc::not_found, "dead letter " + std::to_string(id) + " is not on the list");
    return dead_letter{stream_id{rows->number(0, 0)}, run_id{rows->number(0, 1)},
                       {rows->string(0, 2), rows->string(0, 3), rows->string(0, 4),
                        {rows->number(0, 5), rows->number(0, 6), rows->number(0, 7)}}};
  }

  caf::error remove_dead_letter(connection_id connection, int64_t id) override {
    return error_of(link_.execute(remove_dead_letter_by_id, parameters{}.add(id).add(connection.value)));
  }

  caf::error stop_stream(run_id run, stream_id stream, const std::string& reason) override {
    return error_of(link_.execute(stop, parameters{}.add(run.value).add(stream.value).add_text(storable_reason(reason))));
  }

  caf::expected<std::vector<full_pass_row>> load_full_passes(connection_id connection) override {
    return read_all(link_.execute(full_passes, parameters{}.add(connection.value)), [](const query_result& found, int row) {
      auto completed = found.is_null(row, 1) ? std::nullopt : std::optional{at(found.number(row, 1))};
      full_pass_row out{{found.number(row, 0)}, completed, found.boolean(row, 2), found.boolean(row, 3)};
      for (auto stream : found.numbers(row, 4))
        out.needs.push_back({stream});
      return out;
    });
  }

  caf::error begin_full_passes(run_id run, instant began, const std::vector<full_pass_start>& passes) override {
    for (const auto& pass : passes) {
      std::vector<int64_t> needs;
      for (auto stream : pass.needs)
        needs.push_back(stream.value);
      parameters values;
      values.add(pass.stream.value).add(run.value).add(micros(began)).add(std::span<const int64_t>{needs});
      if (auto error = error_of(link_.execute(begin_full_pass, values)))
        return error;
    }
    return {};
  }

  caf::expected<started_run> start_run(const run_start& wanted) override;

  caf::expected<std::vector<open_run>> load_open_runs() override {
    return read_all(link_.execute(open_runs, parameters{}.add(settings_.self.value)),
                    [](const query_result& found, int row) {
                      return open_run{{found.number(row, 0)}, {found.number(row, 1)}, {found.number(row, 2)},
                                      {found.number(row, 3)}, static_cast<run_kind>(found.number(row, 4)),
                                      static_cast<int32_t>(found.number(row, 5))};
                    });
  }

  caf::expected<std::vector<live_connection>> load_active(const std::vector<source_id>& sources,
                                                          const std::vector<shard_id>& shards) override {
    std::vector<int64_t> ids, places;
    for (auto source : sources)
      ids.push_back(source.value);
    for (auto shard : shards)
      places.push_back(shard.value);
    return read_all(link_.execute(active_of_sources, parameters{}.add(settings_.self.value).add(ids).add(places)),
                    [](const query_result& found, int row) {
                      return live_connection{{found.number(row, 0)}, {found.number(row, 1)}, {found.number(row, 2)}};
                    });
  }

  caf::expected<std::vector<continuation_row>> load_continuations(run_id run, continuation_id after,
                                                                 size_t limit) override {
    parameters values;
    values.add(run.value).add(after.value).add(static_cast<int64_t>(limit));
    return read_all(link_.execute(open_continuations, values), read_continuation);
  }

  caf::expected<continuation_row> load_continuation(continuation_id id) override {
    auto rows = link_.execute(one_continuation, parameters{}.add(id.value));
    if (!rows)
      return rows.error();
    if (rows->rows() == 0)
      return store_error(errc::not_found, "continuation " + to_string(id) + " is not open");
    return read_continuation(*rows, 0);
  }

  caf::expected<continuation_row> resume_continuation(continuation_id id) override {
    auto rows = link_.execute(resume_one, parameters{}.add(id.value).add(settings_.self.value));
    if (!rows)
      return rows.error();
    if (rows->rows() == 0)
      return store_error(errc::not_found, "continuation " + to_string(id) + " is not open and active on this node");
    return read_continuation(*rows, 0);
  }

  caf::error mark_alone(continuation_id id) override {
    auto rows = link_.execute(mark_alone_statement, parameters{}.add(id.value).add(settings_.self.value));
    if (!rows)
      return rows.error();
    if (id && (rows->rows() == 0 || rows->number(0, 0) != id.value))
      return store_error(errc::not_found, "continuation " + to_string(id) + " is not open on this node");
    return {};
  }

  caf::expected<std::vector<partition_cursor>> load_cursors(connection_id connection) override {
    return read_all(link_.execute(cursors, parameters{}.add(connection.value)),
                    [](const query_result& found, int row) {
                      return partition_cursor{{found.number(row, 0)}, found.string(row, 1), at(found.number(row, 2)),
                                              found.number(row, 3)};
                    });
  }

  caf::expected<std::vector<partition_anchor>> load_anchors(connection_id connection) override {
    return read_all(link_.execute(anchors_query, parameters{}.add(connection.value)), [](const query_result& found, int row) {
      return partition_anchor{{found.number(row, 0)},
                              found.string(row, 1),
                              {found.number(row, 2), at(found.number(row, 3)), found.number(row, 4), found.string(row, 5)},
                              {found.number(row, 6)}};
    });
  }

  caf::error cancel_run(run_id run, const std::string& reason, const once_only& once) override {
    if (auto error = check_once(once))
      return error;
    return error_of(link_.execute(cancel, parameters{}.add(run.value).add_text(storable_reason(reason)).add_text(once.id)));
  }

  caf::expected<int64_t> begin_refresh(const refresh_token& token) override {
    auto rows = link_.execute(begin_refresh_statement, fenced(token).add_bytes(token.sealed_secrets).add_text(token.hash));
    if (!rows)
      return rows.error();
    return rows->number(0, 0);
  }

  caf::error forget_refresh(const refresh_token& token) override {
    return error_of(link_.execute(forget_refresh_statement, fenced(token).add_text(token.hash)));
  }

  caf::error store_successor(const refresh_token& token, const std::string& sealed_secrets) override {
    return error_of(link_.execute(store_successor_statement,
                                  fenced(token).add_bytes(token.sealed_secrets).add_bytes(sealed_secrets)));
  }

  caf::expected<pass_standing> load_pass(run_id run, stream_id stream) override {
    auto rows = link_.execute(pass_query, parameters{}.add(run.value).add(stream.value));
    if (!rows)
      return rows.error();
    return pass_standing{{rows->number(0, 0)},
                         {0, rows->number(0, 1), rows->number(0, 2)},
                         {at(rows->number(0, 3)), at(rows->number(0, 4))},
                         rows->boolean(0, 5),
                         rows->string(0, 6),
                         rows->boolean(0, 7),
                         rows->number(0, 8)};
  }

  caf::expected<pass_marks> load_marks(stream_id stream, run_id pass, int64_t after) override {
    auto rows = link_.execute(marks_query, parameters{}.add(stream.value).add(pass.value).add(after).add(marks_at_once));
    if (!rows)
      return rows.error();
    pass_marks out;
    for (int row = 0; row < rows->rows(); ++row)
      unpack_marks(rows->text(row, 1), out.keys);
    if (rows->rows() == marks_at_once)
      out.last = rows->number(rows->rows() - 1, 0);
    return out;
  }

  caf::expected<std::vector<live_fact>> load_live(shard_id shard, stream_id stream, const std::string& after,
                                                  bool with_payload) override {
    parameters values;
    values.add(shard.value).add(stream.value).add_text(after).add(with_payload ? payloads_at_once : live_at_once);
    values.add(with_payload);
    return read_all(link_.execute(live_query, values), [](const query_result& found, int row) {
      return live_fact{found.string(row, 0),
                       {found.number(row, 1), found.number(row, 2), found.number(row, 3)},
                       found.string(row, 4),
                       found.boolean(row, 5)};
    });
  }

  caf::error confirm_deletes(connection_id connection, const std::vector<std::string>& streams, const once_only& once) override {
    if (auto error = check_once(once))
      return error;
    std::vector<std::string_view> names{streams.begin(), streams.end()};
    return error_of(link_.execute(confirm_statement, parameters{}.add(connection.value).add_texts(names).add_text(once.id)));
  }

  caf::expected<bool> was_done(const once_only& once) override {
    if (auto error = check_command_id(once.id))
      return error;
    auto rows = link_.execute(was_done_query, parameters{}.add_text(once.id));
    if (!rows)
      return rows.error();
    return rows->boolean(0, 0);
  }

  caf::expected<command_standing> take_command(const std::string& id, tenant_id tenant, const shard_claim& claim) override {
    if (auto error = check_command_id(id))
      return error;
    auto rows = command(take_command_statement, of_command(id, tenant, claim));
    if (!rows)
      return rows.error();
    command_standing out{rows->boolean(0, 0), !rows->is_null(0, 1), command_outcome::done, rows->string(0, 2), {rows->number(0, 3)}};
    if (out.is_settled)
      out.outcome = static_cast<command_outcome>(rows->number(0, 1));
    return out;
  }

  caf::error settle_command(const std::string& id, tenant_id tenant, const shard_claim& claim, command_outcome outcome,
                            const std::string& reason) override {
    if (auto error = check_command_id(id))
      return error;
    auto values = of_command(id, tenant, claim);
    values.add(static_cast<int64_t>(outcome)).add_text(storable_reason(reason));
    return error_of(command(settle_command_statement, values));
  }

  caf::error untake_command(const std::string& id, tenant_id tenant, const shard_claim& claim) override {
    if (auto error = check_command_id(id))
      return error;
    return error_of(command(untake_command_statement, of_command(id, tenant, claim)));
  }

  caf::expected<run_summary> load_run(run_id run) override {
    auto rows = link_.execute(one_run, parameters{}.add(run.value));
    if (!rows)
      return rows.error();
    if (rows->rows() == 0)
      return store_error(errc::not_found, "there is no run " + to_string(run));
    return read_run(*rows, 0);
  }

  caf::expected<std::vector<run_summary>> list_runs(connection_id connection, size_t limit) override {
    parameters values;
    values.add(connection.value).add(static_cast<int64_t>(limit));
    return read_all(link_.execute(runs_of, values), read_run);
  }

private:
  caf::expected<query_result> command(const statement& what, const parameters& values) {
    if (lost_backend_ != 0) {
      auto ended = link_.execute(end_lost_statement, parameters{}.add(lost_backend_).add_text(link_.application_name()));
      if (!ended)
        return ended.error();
      if (ended->rows() > 0 && !ended->boolean(0, 0))
        return store_error(errc::store_unavailable, "a database session that was lost does not end");
      lost_backend_ = 0;
    }
    auto done = link_.execute(what, values);
    if (!done && link_.last_failure().is_connection_lost)
      lost_backend_ = link_.backend();
    return done;
  }

  parameters of_command(const std::string& id, tenant_id tenant, const shard_claim& claim) const {
    parameters out;
    out.add(settings_.self.value).add_text(id).add(tenant.value).add(claim.shard.value).add(claim.epoch.value);
    return out;
  }

  parameters fenced(const refresh_token& token) const {
    parameters out;
    out.add(settings_.self.value).add(token.connection.value).add(token.claim.shard.value).add(token.claim.epoch.value);
    return out;
  }

  postgres_settings settings_;
  postgres_connection link_;
  int64_t lost_backend_ = 0;
};

void add_skips(parameters& out, const std::vector<cursor_skip>& skips) {
  std::vector<int64_t> streams, from, to;
  std::vector<std::string_view> partitions;
  for (const auto& skip : skips) {
    streams.push_back(skip.stream.value);
    partitions.push_back(skip.partition);
    from.push_back(micros(skip.from));
    to.push_back(micros(skip.to));
  }
  out.add(std::span<const int64_t>{streams}).add_texts(partitions);
  out.add(std::span<const int64_t>{from}).add(std::span<const int64_t>{to});
}

void add_passes(parameters& out, const run_start& wanted) {
  std::vector<int64_t> streams, settles, need_of, needs;
  std::vector<uint8_t> begins, patient;
  for (const auto& pass : wanted.passes) {
    streams.push_back(pass.stream.value);
    begins.push_back(pass.reads_all ? 1 : 0);
    patient.push_back(pass.is_patient ? 1 : 0);
    settles.push_back(pass.settles.count());
    for (auto need : pass.needs) {
      need_of.push_back(pass.stream.value);
      needs.push_back(need.value);
    }
  }
  out.add(wanted.stamp.counter).add(wanted.edition).add_text(wanted.source_version).add(std::span<const int64_t>{streams});
  out.add_bools(begins).add_bools(patient).add(std::span<const int64_t>{settles});
  out.add(std::span<const int64_t>{need_of}).add(std::span<const int64_t>{needs});
}

caf::expected<started_run> postgres_run_store::start_run(const run_start& wanted) {
  std::vector<int64_t> streams, from, to;
  std::vector<std::string_view> partitions, states;
  for (const auto& open : wanted.first) {
    streams.push_back(open.stream.value);
    partitions.push_back(open.partition);
    from.push_back(micros(open.slice.from));
    to.push_back(micros(open.slice.to));
    states.push_back(open.state);
  }
  parameters values;
  values.add(settings_.self.value).add(wanted.connection.value).add(wanted.claim.shard.value);
  values.add(wanted.claim.epoch.value).add(static_cast<int64_t>(wanted.kind)).add(std::span<const int64_t>{streams});
  values.add_texts(partitions).add(std::span<const int64_t>{from}).add(std::span<const int64_t>{to});
  values.add_byte_strings(states);
  values.add(wanted.next_due ? std::optional{micros(*wanted.next_due)} : std::nullopt);
  add_skips(values, wanted.skips);
  add_passes(values, wanted);
  values.add(wanted.repairs ? std::optional{micros(wanted.repairs->from)} : std::nullopt);
  values.add(wanted.repairs ? std::optional{micros(wanted.repairs->to)} : std::nullopt);
  std::vector<int64_t> hears_deletes;
  for (auto stream : wanted.hears_deletes)
    hears_deletes.push_back(stream.value);
  values.add(std::span<const int64_t>{hears_deletes});
  auto rows = link_.execute(start, values);
  if (!rows)
    return rows.error();
  started_run out{{rows->number(0, 0)}, {}};
  for (auto id : rows->numbers(0, 1))
    out.opened.push_back({id});
  return out;
}

} // namespace

std::unique_ptr<run_store> make_postgres_run_store(const postgres_settings& settings, const std::string& role) {
  return std::make_unique<postgres_run_store>(settings, role);
}

} // namespace lode
