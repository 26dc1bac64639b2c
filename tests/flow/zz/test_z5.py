from tests.flow.zz.explore import *
import pytest
from tests.flow.zz.test_z4 import CASES, pw
@pytest.mark.parametrize("case",["no approval now","better","stage2 dropped","first approver swapped"])
async def test_it(database, case):
    def prep(o):
        p=pw(o.tenant.world)
        for s in p.approval["stages"]: s["approverInformationVisibility"]="notVisible"
    async with living(database, prepare=prep) as w:
        await w.type(ANN,"/request-access production-database because broken")
        card=await w.card(MIA,"Ann")
        await w.press(MIA,card,"Approve")
        await settle(w,60)
        print(f"\n== {case}", [squeeze(said(m)) for m in w.direct(ANN)])
        CASES[case](w.tenant.world)
        for s in pw(w.tenant.world).approval["stages"]: s["approverInformationVisibility"]="visible"
        w.tenant.world.touch(); await w.synced()
        for i in range(5):
            for who in (BO,CY,MIA):
                for c in [c for c in w.cards(who) if "Approve" in labels(c)][-1:]:
                    await w.press(who,c,"Approve"); await settle(w,30)
                    f=w.form(who)
                    if f: await w.slack.submit(user=who,view_id=f.id,values={"reason":{"reason":"ok by "+NAMES[who]}}); await settle(w,60)
                    print("   pressed",NAMES[who], await w.states())
        for u in (ANN,):
          for m in w.direct(u): print(f"   DM {NAMES[u]}:",squeeze(said(m))[:400],labels(m))
        a=await w.type(ANN,"/my-access"); print(labels(a.message))
        await w.press(ANN,a.message,"Past requests"); await settle(w,10)
        print("  past:", squeeze(w.whispers(ANN,CHAN)[-1]), squeeze(said(w.form(ANN))))
