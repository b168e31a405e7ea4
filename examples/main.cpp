#include <cstdio>

#include "examples/graphql/graphql_pages.hpp"
#include "examples/jsonl/jsonl_sink.hpp"
#include "examples/mask/mask_step.hpp"
#include "examples/webhook/webhook_sink.hpp"
#include "messages/error.hpp"
#include "runtime/cli/program.hpp"

/// The program `lode` with the types of this folder, one line each.
int main(int argc, char** argv) {
  auto known = lode::builtin_extensions();
  const caf::error taken[] = {
    known.miners.add("graphql", lode::examples::graphql_miner()),
    known.steps.add("mask_matches", lode::examples::make_mask_step),
    known.sinks.add("jsonl", lode::examples::make_jsonl_sink),
    known.sinks.add("webhook", lode::examples::make_webhook_sink),
  };
  for (const auto& each : taken)
    if (each) {
      std::fprintf(stderr, "lode-examples: %s\n", lode::message_of(each).c_str());
      return 1;
    }
  return lode::run_program(argc, argv, known);
}
