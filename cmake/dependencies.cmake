# Finds what Lode links: Debian 12's packages, and CAF from setup/caf. Part of the installed package too (LodeConfig.cmake), so it
# fails for nobody: lode_missing names what is not there and how to get it, one text each.
set(lode_missing)
find_package(Threads REQUIRED)
foreach(entry OpenSSL=libssl-dev ZLIB=zlib1g-dev date=libhowardhinnant-date-dev PkgConfig=pkg-config) # OpenSSL before CAF, which links it but does not look for it
  string(REPLACE "=" ";" entry ${entry})
  list(GET entry 0 name)
  list(GET entry 1 package)
  find_package(${name} QUIET)
  if(NOT ${name}_FOUND)
    list(APPEND lode_missing "${name} (apt-get install ${package})")
  endif()
endforeach()

# LODE_CAF_PREFIX is set by the installed package: a program has to use the CAF that Lode was built with.
if(DEFINED ENV{LODE_CACHE})
  set(lode_cache $ENV{LODE_CACHE})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(lode_cache $ENV{XDG_CACHE_HOME}/lode)
else()
  set(lode_cache $ENV{HOME}/.cache/lode)
endif()
if(LODE_SANITIZE STREQUAL "thread")
  set(lode_caf_flavour " tsan") # only an instrumented CAF will do
  set(lode_caf_places ${LODE_CAF_PREFIX} ${lode_cache}/caf-0.18.7-tsan)
else()
  set(lode_caf_flavour "")
  set(lode_caf_places $ENV{CAF_ROOT} ${LODE_CAF_PREFIX} ${lode_cache}/caf-0.18.7)
endif()
find_package(CAF QUIET COMPONENTS core io openssl PATHS ${lode_caf_places} NO_DEFAULT_PATH)
if(NOT CAF_FOUND OR NOT CAF_VERSION VERSION_EQUAL 0.18.7)
  list(APPEND lode_missing "CAF 0.18.7, not found in: ${lode_caf_places} (setup/caf${lode_caf_flavour}, in a checkout of Lode)")
endif()

if(PkgConfig_FOUND)
  foreach(entry pq=libpq=libpq-dev hiredis=hiredis=libhiredis-dev simdjson=simdjson=libsimdjson-dev xxhash=libxxhash=libxxhash-dev
                yaml=yaml-cpp=libyaml-cpp-dev re2=re2=libre2-dev fmt=fmt=libfmt-dev spdlog=spdlog=libspdlog-dev
                sodium=libsodium=libsodium-dev protobuf=protobuf=libprotobuf-dev)
    string(REPLACE "=" ";" entry ${entry})
    list(GET entry 0 name)
    list(GET entry 1 module)
    list(GET entry 2 package)
    pkg_check_modules(${name} QUIET IMPORTED_TARGET ${module})
    if(NOT ${name}_FOUND)
      list(APPEND lode_missing "${module} (apt-get install ${package})")
    endif()
  endforeach()
endif()
