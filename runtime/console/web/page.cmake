# The web page, bundled and compressed, as one C++ file: ${page_files}. Made anew only when something of it has changed.
find_program(LODE_NODE NAMES node nodejs DOC "Node 18.20 or later, which bundles the web page")
if(NOT LODE_NODE)
  message(FATAL_ERROR "The web page is made with Node 18.20 or later, and there is none here: apt-get install nodejs npm (setup/packages does)")
endif()
set(web ${CMAKE_CURRENT_LIST_DIR})
file(GLOB_RECURSE page_inputs CONFIGURE_DEPENDS ${web}/src/* ${web}/scripts/*)
set(page_files ${CMAKE_CURRENT_BINARY_DIR}/page_files.cpp)
add_custom_command(
  OUTPUT ${page_files}
  COMMAND ${PROJECT_SOURCE_DIR}/setup/web-packages
  COMMAND ${LODE_NODE} scripts/build.mjs --out ${CMAKE_CURRENT_BINARY_DIR}/page --embed ${page_files}
  WORKING_DIRECTORY ${web}
  DEPENDS ${page_inputs} ${web}/package.json ${web}/package-lock.json ${web}/tsconfig.json
  COMMENT "Bundling the web page"
  VERBATIM)
