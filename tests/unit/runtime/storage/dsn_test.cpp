#include "runtime/storage/postgres/dsn.hpp"

#include <gmock/gmock.h>

#include "messages/error.hpp"
#include "messages/type_ids.hpp"

using namespace lode;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(dsn_test, what_libpq_can_read_is_let_through) {
  for (auto dsn : {"host=/run/postgresql dbname=lode", "host=db port=5432,5433 password='two words' dbname=lode", "lode",
                   "postgresql://u:p%40ss@db:5433/lode", "postgresql:///lode?host=/run/postgresql", "postgres://db", "",
                   "host=@abstract dbname=lode"})
    EXPECT_EQ(check_dsn(dsn), caf::error{}) << dsn;
}

TEST(dsn_test, what_it_cannot_read_is_refused_without_a_word_of_it) {
  for (auto dsn : {"host=db password=correct hunter2 dbname=lode", "host=db password='hunter2", "host=db hunter2=x",
                   "postgresql://u:hunter2%zz@db/lode", "postgresql://u:hunter2@[::1/lode", "postgresql://db/lode?hunter2",
                   "postgresql://db/lode?hunter2=x", "postgresql://u:pw@hunter2@db/lode", "postgresql://u:hunter2/x@db/lode",
                   "u:hunter2@db/lode", "host=db password=quoted hunter\"2 dbname=lode"}) {
    auto refused = check_dsn(dsn);
    EXPECT_EQ(refused, errc::bad_argument) << dsn;
    EXPECT_THAT(message_of(refused), AllOf(HasSubstr("store.dsn: "), Not(HasSubstr("hunter")))) << dsn;
  }
  EXPECT_THAT(message_of(check_dsn("host=db password=correct hunter2")), HasSubstr("missing \"=\" after ***"));
}

TEST(dsn_test, passwords_of_a_dsn_are_taken_out_of_a_text) {
  EXPECT_EQ(without_passwords("no host \"hunter2\"", "host=db password=hunter2"), "no host \"***\"");
  EXPECT_EQ(without_passwords("no p@ss here", "postgresql://u:p%40ss@db/lode"), "no *** here");
  EXPECT_EQ(without_passwords("no host \"db\"", "host=db"), "no host \"db\"");
  EXPECT_EQ(without_passwords("all stays", "not a = dsn"), "all stays");
}
