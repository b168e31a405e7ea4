#include "runtime/storage/postgres/connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "runtime/storage/postgres/dsn.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

/// What libpq or the server says, as one line: what it says in several, with tabs before some, would tear logs and tables apart.
std::string one_line(const char* text) {
  std::string out;
  for (char c : std::string_view{text ? text : ""}) {
    const bool is_space = c == ' ' || (c >= '\t' && c <= '\r');
    if (!is_space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (!out.empty() && out.back() == ' ')
    out.pop_back();
  return out;
}

/// The server cuts longer ones (NAMEDATALEN).
constexpr size_t longest_application_name = 63;

/// Cut here, so that it is known what the server shows; who looks for sessions looks for what stands before the node's name.
std::string application_name_of(const postgres_settings& settings, const std::string& role) {
  auto out = application_prefix(settings.self) + role;
  if (!settings.node.empty())
    out += "/" + settings.node;
  return out.substr(0, longest_application_name);
}

/// What a session sets. Plans: every statement here finds its rows by an index, and a plan made while a table was empty
/// must not turn into a scan of a full one. TCP: a connection that this side gave up is nobody's for the server, which would keep
/// its session for hours; when ways come and go those use up max_connections. Several probes within 10 s, since packets get lost.
std::string session_settings(const postgres_settings& settings) {
  auto set = [](const char* name, std::chrono::milliseconds value) {
    return std::string{"SET "} + name + " = " + std::to_string(value.count()) + ";";
  };
  return "SET search_path = lode, public; SET client_min_messages = warning; SET jit = off;"
         "SET timezone = 'UTC'; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan;"
         "SET tcp_user_timeout = '10s'; SET tcp_keepalives_idle = '5s'; SET tcp_keepalives_interval = '1s';"
         + set("statement_timeout", settings.statement_timeout) + set("lock_timeout", settings.lock_timeout)
         + set("idle_in_transaction_session_timeout", settings.idle_in_transaction_timeout);
}

/// Whether the server has ended a session that waits for nothing: what it says of that, and the end, can be read by then.
bool was_closed_while_idle(pg_conn* link) {
  constexpr int most_reads = 8;
  for (int i = 0; i < most_reads && PQtransactionStatus(link) == PQTRANS_IDLE; ++i) {
    pollfd socket{PQsocket(link), POLLIN, 0};
    if (poll(&socket, 1, 0) <= 0)
      return false;
    if (PQconsumeInput(link) == 0)
      return true;
  }
  return false;
}

/// After a try to connect that came to nothing. An actor with many statements in its mailbox must come to the end of them.
constexpr std::chrono::milliseconds longest_pause{500};

errc code_for(std::string_view sqlstate) {
  if (sqlstate == "LD001" || sqlstate.empty())
    return errc::store_unavailable;
  if (sqlstate == "LD002")
    return errc::not_owner;
  if (sqlstate == "LD003" || sqlstate == "23505")
    return errc::conflict;
  if (sqlstate == "LD004")
    return errc::not_found;
  if (sqlstate == "LD006")
    return errc::stale_version;
  if (sqlstate == "LD007")
    return errc::unauthorized;
  auto group = sqlstate.substr(0, 2);
  if (sqlstate == "LD005" || group == "21" || group == "22" || group == "23" || group == "54")
    return errc::bad_argument;
  // 08 connection, 25 read-only server, 28 and 3D being set up, 40 rollback, 53 resources, 55 lock, 57 operator, 58 I/O
  for (auto transient : {"08", "25", "28", "3D", "40", "53", "55", "57", "58"})
    if (group == transient)
      return errc::store_unavailable;
  return errc::internal;
}

} // namespace

bool query_failure::is_data_error() const {
  auto group = sqlstate.substr(0, 2);
  return group == "21" || group == "22" || group == "23" || group == "54";
}

caf::error query_failure::to_error() const {
  auto code = is_connection_lost ? errc::store_unavailable : code_for(sqlstate);
  auto is_ours = sqlstate.starts_with("LD");
  return store_error(code, is_ours || sqlstate.empty() ? message : message + " (SQLSTATE " + sqlstate + ")");
}

void postgres_connection::finish_link::operator()(pg_conn* link) const noexcept {
  PQfinish(link);
}

std::string application_prefix(incarnation self) {
  return "lode/" + to_string(self) + "/";
}

postgres_connection::postgres_connection(postgres_settings settings, std::string role)
  : settings_(std::move(settings)), application_name_(application_name_of(settings_, role)) {}

caf::error postgres_connection::fail(const std::string& what) {
  failure_ = {{}, what, true};
  link_.reset();
  return failure_.to_error();
}

caf::error postgres_connection::fail_with(pg_result* result, const char* what) {
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  failure_ = {sqlstate ? sqlstate : "", one_line(primary ? primary : PQerrorMessage(link_.get())), false};
  PQclear(result);
  // Without SQLSTATE it is libpq that failed, not the server. After a write to a session that the server had closed with a warning it
  // still calls the connection a good one.
  if (PQstatus(link_.get()) != CONNECTION_OK || failure_.sqlstate.empty()) {
    failure_.is_connection_lost = true;
    link_.reset();
  }
  failure_.message = std::string{what} + ": " + failure_.message;
  if (failure_.sqlstate.starts_with("LD"))
    failure_.message.erase(0, std::string_view{what}.size() + 2);
  return failure_.to_error();
}

caf::error postgres_connection::connect() {
  if (settings_.renews_when_idle && link_ && was_closed_while_idle(link_.get()))
    link_.reset();
  if (link_ && PQstatus(link_.get()) == CONNECTION_OK)
    return {};
  if (auto wrong = check_dsn(settings_.dsn)) {
    failure_ = {{}, message_of(wrong), true};
    return wrong;
  }
  using clock = std::chrono::steady_clock;
  const auto begin = clock::now();
  if (begin < not_before_) {
    failure_ = unreached_;
    return failure_.to_error();
  }
  auto error = try_to_connect();
  if (error) {
    const auto end = clock::now();
    unreached_ = failure_;
    not_before_ = end + std::min<clock::duration>((end - begin) / 4, longest_pause);
  }
  return error;
}

caf::error postgres_connection::try_to_connect() {
  prepared_.clear();
  auto network = std::to_string(settings_.network_timeout.count());
  // Later keywords win over the DSN's own, and what it says wins over earlier ones. Of several hosts, or behind a proxy, a session
  // at a stand-by would show a state of the past.
  const std::array<const char*, 10> names{"target_session_attrs", "dbname", "application_name", "connect_timeout",
                                          "keepalives_idle", "keepalives_interval", "keepalives_count",
                                          "tcp_user_timeout", "client_encoding", nullptr};
  const std::array<const char*, 10> values{"read-write", settings_.dsn.c_str(), application_name_.c_str(), "2",
                                           "1", "1", "1", network.c_str(), "UTF8", nullptr};
  link_.reset(PQconnectdbParams(names.data(), values.data(), 1));
  if (PQstatus(link_.get()) != CONNECTION_OK)
    return fail("cannot connect to PostgreSQL: " + without_passwords(one_line(PQerrorMessage(link_.get())), settings_.dsn));
  backend_ = PQbackendPID(link_.get());
  auto* result = PQexec(link_.get(), session_settings(settings_).c_str());
  if (PQresultStatus(result) != PGRES_COMMAND_OK) {
    auto error = fail_with(result, "cannot set up a session");
    link_.reset();
    return error;
  }
  PQclear(result);
  return {};
}

caf::error postgres_connection::prepare(const statement& what) {
  if (prepared_.contains(what.name))
    return {};
  auto* result = PQprepare(link_.get(), what.name, what.text, 0, nullptr);
  if (PQresultStatus(result) != PGRES_COMMAND_OK)
    return fail_with(result, what.name);
  PQclear(result);
  prepared_.emplace(what.name);
  return {};
}

caf::expected<query_result> postgres_connection::execute(const statement& what, const parameters& values) {
  failure_ = {};
  if (auto error = connect())
    return error;
  if (auto error = prepare(what))
    return error;
  auto pointers = values.pointers();
  auto lengths = values.lengths();
  std::vector<int> formats(values.size(), 1);
  auto* result = PQexecPrepared(link_.get(), what.name, static_cast<int>(values.size()), pointers.data(),
                                lengths.data(), formats.data(), 1);
  auto status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    return fail_with(result, what.name);
  return query_result{result};
}

caf::error postgres_connection::run_script(const std::string& sql) {
  failure_ = {};
  if (auto error = connect())
    return error;
  auto* result = PQexec(link_.get(), sql.c_str());
  auto status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    return fail_with(result, "script");
  PQclear(result);
  return {};
}

caf::error end_sessions_of(postgres_connection& via, incarnation dead) {
  // The second argument: wait until the session is gone.
  static constexpr statement terminate{"end_sessions",
                                       "SELECT pg_terminate_backend(pid, 1500) FROM pg_stat_activity "
                                       "WHERE starts_with(application_name, $1::text) AND pid <> pg_backend_pid() "
                                       "AND datname = current_database()"};
  // A session that ended by itself meanwhile is reported like one that does not end: look again.
  constexpr int looks = 3;
  for (int look = 0; look < looks; ++look) {
    auto ended = via.execute(terminate, parameters{}.add_text(application_prefix(dead)));
    if (!ended)
      return ended.error();
    bool are_gone = true;
    for (int row = 0; row < ended->rows(); ++row)
      are_gone = are_gone && ended->boolean(row, 0);
    if (are_gone)
      return {};
  }
  return store_error(errc::store_unavailable,
                     "a database session of the life " + to_string(dead) + ", which is gone, does not end");
}

} // namespace lode
