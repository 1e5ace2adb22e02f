# The contract, "Constructing".
import pyb
from harness import *


@test
def without_arguments_it_is_the_singleton():
    assert pyb.Flash() is pyb.Flash()
    assert str(pyb.Flash()) == "Flash()"
    assert repr(pyb.Flash()) == "Flash()"


@test
def minus_one_means_not_given():
    assert pyb.Flash(start=-1, len=-1) is pyb.Flash()
    assert pyb.Flash(start=-1) is pyb.Flash()
    assert pyb.Flash(len=-1) is pyb.Flash()
    assert str(pyb.Flash(start=NATIVE, len=-1)) == str(pyb.Flash(start=NATIVE))
    assert str(pyb.Flash(start=-1, len=NATIVE)) == str(pyb.Flash(len=NATIVE))


@test
def with_an_argument_it_is_a_fresh_object():
    assert pyb.Flash(start=0) is not pyb.Flash(start=0)
    assert pyb.Flash(start=0) is not pyb.Flash()
    assert type(pyb.Flash(start=0)) is pyb.Flash


@test
def it_prints_its_numbers():
    assert str(pyb.Flash(start=0)) == "Flash(start=0, len=%d)" % STORAGE
    assert str(pyb.Flash(start=NATIVE)) == "Flash(start=%d, len=%d)" % (NATIVE, STORAGE - NATIVE)
    assert str(pyb.Flash(len=NATIVE)) == "Flash(start=0, len=%d)" % NATIVE
    assert str(pyb.Flash(start=NATIVE, len=2 * NATIVE)) == "Flash(start=%d, len=%d)" % (NATIVE, 2 * NATIVE)
    last = STORAGE - NATIVE
    assert repr(pyb.Flash(start=last)) == "Flash(start=%d, len=%d)" % (last, NATIVE)


@test
def positional_arguments_are_refused():
    raises(TypeError, pyb.Flash, 0)
    raises(TypeError, pyb.Flash, 0, NATIVE)
    raises(TypeError, pyb.Flash, -1)


@test
def other_keywords_are_refused():
    raises(TypeError, pyb.Flash, size=NATIVE)
    raises(TypeError, pyb.Flash, start=0, length=NATIVE)


@test
def only_integers_are_accepted():
    class Like0:
        def __int__(self):
            return 0

    for wrong in ("0", b"0", 0.0, None, [], (0,), Like0()):
        raises(TypeError, pyb.Flash, start=wrong)
        raises(TypeError, pyb.Flash, len=wrong)


@test
def a_wrong_start_is_refused_by_value_and_unit():
    for wrong in (-2, -NATIVE, STORAGE, STORAGE + NATIVE, 1, NATIVE - 1, NATIVE + 1, 0x7FFFFFFF):
        message = str(raises(ValueError, pyb.Flash, start=wrong))
        assert str(wrong) in message, message
        assert str(NATIVE) in message, message


@test
def a_wrong_len_is_refused_by_value_and_unit():
    for wrong in (0, -2, -NATIVE, STORAGE + NATIVE, 1, NATIVE - 1, NATIVE + 1, STORAGE - 1, 0x7FFFFFFF):
        message = str(raises(ValueError, pyb.Flash, len=wrong))
        assert str(wrong) in message, message
        assert str(NATIVE) in message, message


@test
def together_they_stay_inside():
    pyb.Flash(start=STORAGE - NATIVE, len=NATIVE)
    message = str(raises(ValueError, pyb.Flash, start=STORAGE - NATIVE, len=2 * NATIVE))
    assert "len=%d is not" % (2 * NATIVE) in message, message
    raises(ValueError, pyb.Flash, start=NATIVE, len=STORAGE)


@test
def numbers_of_any_size_are_values():
    for wrong in (1 << 31, 1 << 32, (1 << 32) + NATIVE, 1 << 63, 1 << 64, 1 << 100, -(1 << 63), -(1 << 100)):
        for numbers in ({"start": wrong}, {"len": wrong}, {"start": NATIVE, "len": wrong}):
            message = str(raises(ValueError, pyb.Flash, **numbers))
            assert "=%d is not" % wrong in message and str(NATIVE) in message, message


run_tests()
