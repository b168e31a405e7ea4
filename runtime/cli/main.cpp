#include "runtime/cli/program.hpp"

int main(int argc, char** argv) {
  return lode::run_program(argc, argv);
}
