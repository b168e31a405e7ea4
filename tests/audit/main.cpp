#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "tests/audit/could_not_audit.hpp"
#include "tests/audit/run_audit.hpp"

namespace {

struct options {
  std::string truth, store, json;
  std::vector<std::string> tenants, served_only, streams, ignored;
  audit::audit_settings settings;
};

void declare(CLI::App& app, options& options) {
  if (const auto* dsn = std::getenv("LODE_PG_DSN"))
    options.store = dsn;
  app.add_option("--truth", options.truth, "Control port of lode-simapi (http://HOST:PORT), or a file of truth lines")
    ->required();
  app.add_option("--store", options.store, "PostgreSQL connection string of the store (default: $LODE_PG_DSN)");
  app.add_option("--served-only", options.served_only, "Tenants that are held only to what they were served")->delimiter(',');
  app.add_option("--tenants", options.tenants, "Audit only these tenants")->delimiter(',');
  app.add_option("--streams", options.streams, "Audit only these streams")->delimiter(',');
  app.add_option("--ignore", options.ignored, "A field that is not compared: STREAM:FIELD.FIELD, * = any; repeatable");
  app.add_flag("--keep-deleted", options.settings.common.keep_deleted,
               "Records that the API deleted may live on in the store (streams without a full pass)");
  app.add_flag("--accept-dead-letters", options.settings.common.accept_dead_letters,
               "Versions that the store keeps as dead letters are not lost");
  app.add_option("--json", options.json, "Write the result as JSON to this file");
  app.add_option("--list", options.settings.common.list_at_most, "How many defects are described")->capture_default_str();
  app.add_option("--threads", options.settings.threads)->check(CLI::Range(1, 64))->capture_default_str();
}

void apply(options& options) {
  using audit::could_not_audit;
  if (options.store.empty())
    throw could_not_audit{"--store is missing and LODE_PG_DSN is not set"};
  auto& settings = options.settings;
  settings.truth = options.truth;
  settings.open_store = [store = options.store] { return audit::open_postgres(store); };
  settings.tenants = {options.tenants.begin(), options.tenants.end()};
  settings.served_only = {options.served_only.begin(), options.served_only.end()};
  settings.common.streams = {options.streams.begin(), options.streams.end()};
  for (const auto& text : options.ignored) {
    auto colon = text.find(':');
    if (colon == 0 || colon == std::string::npos || colon + 1 == text.size())
      throw could_not_audit{"--ignore '" + text + "': expected STREAM:FIELD.FIELD"};
    settings.common.ignored[text.substr(0, colon)].push_back(audit::parse_path(text.substr(colon + 1)));
  }
}

void write_json(const std::string& path, const std::string& text) {
  if (std::ofstream file{path, std::ios::binary}; !(file << text << std::flush))
    throw audit::could_not_audit{"--json '" + path + "': cannot be written"};
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Compares what lode-simapi served with what the store holds.\n"
               "Exit codes: 0 nothing lost, nothing repeated; 1 defects; 2 could not audit."};
  options options;
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    apply(options);
    auto began = std::chrono::steady_clock::now();
    auto outcome = audit::run_audit(options.settings);
    auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    std::cout << audit::to_text(outcome);
    if (!options.json.empty())
      write_json(options.json, audit::to_json(outcome, seconds));
    return outcome.total.is_clean() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "lode-audit: " << error.what() << "\n";
    return 2;
  }
}
