from tests.flow.world import *
async def test_x(world):
    await world.type(ANN, "/request-access marketing-campaign")
    m = await world.told(ANN, "You now have access")
    print(said(m))
    await world.type(ANN, "/request-access finance reports because Q4")
    card = await world.card(BO)
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access", times=2)
    print(await world.states(), await world.deeds())
async def test_y(world):
    await world.type(ANN, "/request-access marketing-campaign")
    m = await world.told(ANN, "You now have access")
