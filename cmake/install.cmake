# What `cmake --install` puts where. The library is found through pkg-config (anycert) or CMake
# (find_package(anycert), target anycert::anycert); both follow when the whole prefix is moved.
include(CMakePackageConfigHelpers)

install(TARGETS anycert EXPORT anycertTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/anycert DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h" PATTERN "*.def")

# The command line has the library in itself.
install(TARGETS anycert_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# pkg-config
file(RELATIVE_PATH from_pkgconfig_to_prefix
     ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" from_pkgconfig_to_prefix ${from_pkgconfig_to_prefix})
configure_file(cmake/anycert.pc.in ${PROJECT_BINARY_DIR}/anycert.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/anycert.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# CMake package. Before 1.0 a minor version may change the interface.
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/anycert)
install(EXPORT anycertTargets NAMESPACE anycert:: DESTINATION ${package_folder})
configure_package_config_file(cmake/anycertConfig.cmake.in
    ${PROJECT_BINARY_DIR}/anycertConfig.cmake INSTALL_DESTINATION ${package_folder}
    NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/anycertConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/anycertConfig.cmake
              ${PROJECT_BINARY_DIR}/anycertConfigVersion.cmake
        DESTINATION ${package_folder})

# Manual pages, by section; those of the C interface are made from the public headers. Completions; the
# documents a package should carry.
find_program(ANYCERT_PYTHON NAMES python3)
if(ANYCERT_PYTHON)
    file(GLOB public_headers CONFIGURE_DEPENDS include/anycert/*.h include/anycert/*.def)
    set(man3_folder ${PROJECT_BINARY_DIR}/man3)
    add_custom_command(OUTPUT ${man3_folder}/anycert.3
        COMMAND ${ANYCERT_PYTHON} ${PROJECT_SOURCE_DIR}/scripts/make-man3 --out ${man3_folder}
        DEPENDS scripts/make-man3 docs/man/anycert.1 ${public_headers}
        COMMENT "Writing the manual pages of the C interface" VERBATIM)
    add_custom_target(man3 ALL DEPENDS ${man3_folder}/anycert.3)
    add_dependencies(product man3)
    install(DIRECTORY ${man3_folder}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man3
            FILES_MATCHING PATTERN "*.3")
else()
    message(STATUS "There is no python3: the manual pages of section 3 are left out")
endif()
foreach(section 1 5)
    file(GLOB pages CONFIGURE_DEPENDS docs/man/*.${section})
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(FILES cli/completions/anycert.bash RENAME anycert
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES cli/completions/_anycert DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES cli/completions/anycert.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
# Where the links of the README lead.
install(FILES LICENSE README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
