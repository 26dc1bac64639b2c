from tests.flow.zz.explore import *
import pytest
from sandbox.tenant.model import Expiration
from tests.flow.entra.test_entra_decides import deciding
from tests.harness.accounts import connect
P=PRODUCTION_DATABASE
from tests.flow.zz.test_z4 import pw, st, appr, req, optq, q, better, second, s1
def pre_escalate(w): pw(w).approval["stages"][0].update(isEscalationEnabled=True,durationBeforeEscalation="PT0S",escalationApprovers=[U(seed.CY)])
def hid(w):
    for s in pw(w).approval["stages"]: s["approverInformationVisibility"]="notVisible"
def nofallback(w): pw(w).approval["stages"][0].update(primaryApprovers=[{"@odata.type":"#microsoft.graph.requestorManager","managerLevel":2}],fallbackPrimaryApprovers=[])
def noappr(w): pw(w).approval["isApprovalRequiredForAdd"]=False
def never(w): pw(w).expiration=Expiration("noExpiration")
def over(w): pw(w).expiration=Expiration("afterDateTime",end=datetime(2027,1,20,tzinfo=UTC))
def catoff(w): w.catalogs[seed.GENERAL].state="unpublished"
BEFORE={"escalate now":pre_escalate,"hidden":hid,"nobody":nofallback,"no approval":noappr,"never":never,"date":over,"questions":q,"deadline":st(0,durationBeforeAutomaticDenial="P1D")}
AFTER={"first swapped":st(0,primaryApprovers=[U(seed.CY)]),"closed":req(enableTargetsToSelfAddAccess=False),"s1":s1,"better":better,"catalog off":catoff,"hours":lambda w: setattr(pw(w),"expiration",Expiration("afterDuration",duration=timedelta(hours=5)))}
@pytest.mark.parametrize("version",["v1.0","beta"])
@pytest.mark.parametrize("case",[*BEFORE,*AFTER])
async def test_it(database, tmp_path, case, version):
    async with deciding(database, tmp_path, text="packages:\n  Production Database: {decides: entra}\n", GRAPH_API_VERSION=version) as w:
        for u in (ANN,BO,CY,MIA): await connect(w,u)
        if case in BEFORE: BEFORE[case](w.tenant.world); w.tenant.world.touch(); await w.synced()
        a=await w.type(ANN,"/request-access production-database because broken")
        print(f"\n== {case} {version}:", squeeze(said(a.message))); 
        await settle(w,120)
        if case in AFTER: AFTER[case](w.tenant.world); w.tenant.world.touch(); await w.synced(); await settle(w,60)
        for i in range(3):
            for who in (MIA,CY,BO):
                for c in [c for c in w.cards(who) if "Approve" in labels(c)][-1:]:
                    o=await w.press(who,c,"Approve"); await settle(w,40)
                    f=w.form(who)
                    if f: await w.slack.submit(user=who,view_id=f.id,values={"reason":{"reason":"ok by "+NAMES[who]}}); await settle(w,60)
                    print("   pressed",NAMES[who], (await w.states())[-1], [r.state for r in w.tenant.world.requests.values()])
        if case=="deadline":
            await w.later(timedelta(days=2)); await settle(w,60)
        for u in (ANN,MIA,BO,CY):
          for m in w.direct(u):
            if "onnect" in said(m)[:60]: continue
            print(f"   DM {NAMES[u]}:",squeeze(said(m))[:300],labels(m))
        print("  ",await w.states(), [ (p.body['requestType']) for p in w.posts()], [r.state for r in w.tenant.world.requests.values()])
