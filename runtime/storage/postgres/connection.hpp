#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <unordered_set>

#include "messages/ids.hpp"
#include "runtime/storage/postgres/parameters.hpp"
#include "runtime/storage/postgres/query_result.hpp"

struct pg_conn;

namespace lode {

/// How to reach PostgreSQL. The limits of a session stay below half the lease of a node (4 s), so that a frozen one
/// does not block its own replacement.
struct postgres_settings {
  std::string dsn; ///< as libpq takes it; may hold a password: never logged
  incarnation self;
  std::chrono::milliseconds statement_timeout{1900};
  std::chrono::milliseconds lock_timeout{1500};
  std::chrono::milliseconds idle_in_transaction_timeout{1900};
  std::chrono::milliseconds network_timeout{1900}; ///< unacknowledged data ends a TCP connection after this
  /// What the server closed while it was idle is replaced, where else the next statement fails. Not for who holds locks of a session.
  bool renews_when_idle = false;
  std::string node{}; ///< whose sessions these are, for people who look at them; "" = of a tool
};

/// A statement that is prepared once per session. `name` is unique for its text.
struct statement {
  const char* name;
  const char* text;
};

/// Why the last call failed.
struct query_failure {
  std::string sqlstate;         ///< five characters, "" when the server said nothing
  std::string message;
  bool is_connection_lost = false; ///< after a statement was sent its outcome is open

  /// A value was refused (SQLSTATE classes 21, 22, 23, 54): the same statement fails again.
  bool is_data_error() const;
  /// The failure as a caller sees it: errc::store_unavailable, errc::bad_argument, ...
  caf::error to_error() const;
};

/// One database session. Used by one thread. Connects at the first call and again at the first one after a loss; when
/// and how often to try is the caller's affair, but for calls in a row: where a try takes long, because nobody answers, those
/// that wait behind it fail with its error. `application_name` is
/// `lode/<incarnation>/<role>/<node>`, the last part only of a node's sessions, and cut to what the server keeps.
class postgres_connection {
public:
  postgres_connection(postgres_settings settings, std::string role);

  /// Connects if there is no connection, to a server that takes writes unless the DSN has a `target_session_attrs` of its own.
  /// Fails with errc::store_unavailable, errc::bad_argument for a DSN that libpq cannot read.
  caf::error connect();
  /// Runs one prepared statement, which is a transaction of its own.
  caf::expected<query_result> execute(const statement& what, const parameters& values = {});
  /// Runs a text of several statements without parameters; a transaction of its own unless it holds BEGIN.
  caf::error run_script(const std::string& sql);

  const query_failure& last_failure() const noexcept { return failure_; }
  const std::string& application_name() const noexcept { return application_name_; }
  /// Process id of the server's session, kept after a loss; 0 before the first connection.
  int64_t backend() const noexcept { return backend_; }
  bool is_connected() const noexcept { return link_ != nullptr; }
  /// Forgets the connection; the server's session may live on for a while.
  void close() noexcept { link_.reset(); }

private:
  struct finish_link {
    void operator()(pg_conn* link) const noexcept;
  };

  caf::error fail(const std::string& what);
  caf::error fail_with(pg_result* result, const char* what);
  caf::error try_to_connect();
  caf::error prepare(const statement& what);

  postgres_settings settings_;
  std::string application_name_;
  std::unique_ptr<pg_conn, finish_link> link_;
  std::unordered_set<std::string> prepared_;
  query_failure failure_;
  query_failure unreached_; ///< of the latest try to connect
  std::chrono::steady_clock::time_point not_before_{}; ///< the next try
  int64_t backend_ = 0;
};

/// Ends the sessions of an earlier incarnation and waits until they are gone.
caf::error end_sessions_of(postgres_connection& via, incarnation dead);

/// The prefix of every application_name of an incarnation's sessions.
std::string application_prefix(incarnation self);

} // namespace lode
