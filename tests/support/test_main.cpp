#include <caf/init_global_meta_objects.hpp>
#include <caf/io/middleman.hpp>
#include <gmock/gmock.h>

#include "messages/actors.hpp"

int main(int argc, char** argv) {
  caf::init_global_meta_objects<caf::id_block::lode>();
  caf::io::middleman::init_global_meta_objects();
  caf::core::init_global_meta_objects();
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
