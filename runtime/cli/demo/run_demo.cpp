#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>

#include "runtime/cli/demo/files.hpp"
#include "runtime/cli/demo/interrupt.hpp"
#include "runtime/cli/demo/show.hpp"

namespace lode::demo {

namespace {

constexpr int exit_interrupted = 130;
constexpr int days_of_records = 120;

std::string day_before_now(int days) {
  auto then = std::time(nullptr) - std::time_t{86'400} * days;
  std::tm parts{};
  gmtime_r(&then, &parts);
  return fmt::format("{:04}-{:02}-{:02}T00:00:00Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

show_state new_show(const show_options& options) {
  show_state out;
  out.seed = options.seed ? options.seed : std::random_device{}();
  out.tenants = options.tenants ? options.tenants : out.tenants;
  out.percent = options.percent ? options.percent : out.percent;
  out.first_day = day_before_now(days_of_records);
  out.last_day = day_before_now(1);
  return out;
}

void refuse_other_size(const show_state& kept, const show_options& options) {
  auto differs = [](uint64_t given, uint64_t kept) { return given != 0 && given != kept; };
  if (differs(options.tenants, kept.tenants) || differs(options.seed, kept.seed) || differs(options.percent, kept.percent))
    throw failure{fmt::format("an unfinished show with --tenants {} --seed {} waits here; go on with it (the same command without these "
                              "options) or discard it: --fresh", kept.tenants, kept.seed)};
}

/// The unfinished show, or a new one in an empty folder.
show_state take_up(const workplace& place, const show_options& options, display& display) {
  auto kept = parse_state(read_text(place.in("show.json")));
  if (kept && kept->phase != show_phase::finished && !options.is_fresh) {
    refuse_other_size(*kept, options);
    ++kept->resumed;
    display.say(fmt::format("going on with the unfinished show in {} (seed {}); --fresh discards it", place.folder(), kept->seed));
    return *kept;
  }
  place.clear();
  auto fresh = new_show(options);
  write_text(place.in("show.json"), to_json(fresh));
  display.say(fmt::format("lode demo: {} tenants of three simulated APIs (seed {}), data in {}", fresh.tenants, fresh.seed, place.folder()));
  return fresh;
}

/// Real commands; the last lines of the show.
std::string how_to_go_on(const workplace& place) {
  auto local = std::filesystem::path{place.servers_script()}.parent_path().parent_path() / "cluster/local";
  auto programs = std::filesystem::path{place.own_program()}.parent_path().string();
  return fmt::format("\nMine an API of your own:\n"
                     "  export PATH={}:$PATH\n"
                     "  lode source lint my-api.yaml                   # begin with a copy of one in config/examples/sources\n"
                     "  {} start my-lode/servers postgres; . my-lode/servers/env   # a PostgreSQL of your own\n"
                     "  lode doctor --make-key lode.key                # seals secrets in the database\n"
                     "  lode serve --set store.dsn=\"$LODE_PG_DSN\" --set security.key_file=lode.key\n"
                     "  lode source put my-api.yaml                    # from here on in a second terminal\n"
                     "  lode tenant import tenants.jsonl               # a line each: tenant, connection, source, secrets\n"
                     "  lode status\n"
                     "\n{}",
                     programs, place.servers_script(),
                     std::filesystem::exists(local) ? "A cluster to play with: " + local.string() + " up 3\n" : "");
}

/// The show is over and its verdict stands: a signal only ends the waiting.
void stay_until_told(show& finished) {
  try {
    finished.stay();
  } catch (const interrupted&) {
  }
}

/// The report is the last thing that is written: that it can be is known before the show.
void check_report_file(const std::string& path) {
  if (!path.empty() && !std::ofstream{path, std::ios::app})
    throw failure{path + ": cannot be written; name another file with --report"};
}

int perform(const show_options& options, display& display) {
  check_report_file(options.report_file);
  workplace place{options};
  if (auto ended = end_leftovers(place); ended > 0)
    display.say(fmt::format("ended {} programs that a killed demo left running", ended));
  auto state = take_up(place, options, display);
  show_report report;
  {
    show show{place, state, display};
    report = show.run();
    display.hide();
    display.print("\n" + to_table(report));
    if (!options.report_file.empty())
      write_text(options.report_file, to_json(report));
    display.print(how_to_go_on(place));
    if (options.stays)
      stay_until_told(show);
    show.close();
  }
  if (report.is_verified)
    place.clear();
  else
    display.print("The data of this show is kept until the next one: " + place.folder() + "\n");
  return report.is_verified ? 0 : 1;
}

} // namespace

int run_demo(const show_options& options) {
  display display;
  watch_signals();
  try {
    return perform(options, display);
  } catch (const interrupted&) {
    display.hide();
    fmt::print(stderr, "lode demo: interrupted; the same command goes on where it was, --fresh begins anew\n");
    return exit_interrupted;
  } catch (const boost::system::system_error& e) { // its own text names a place in Boost
    display.hide();
    fmt::print(stderr, "lode demo: this is a defect, or a program of the show answered what it should not: {}\n", e.code().message());
    return 1;
  } catch (const std::exception& e) {
    display.hide();
    fmt::print(stderr, "lode demo: {}\n", e.what());
    return 1;
  }
}

} // namespace lode::demo
